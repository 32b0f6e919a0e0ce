import type { PacketWriter } from '@curlew/codec'
import type { Output } from './output.ts'
import type { ConnectionServices } from './services.ts'

/** What was answered in one turn and waits for that turn's envelope. */
interface Batch {
  readonly turn: number
  readonly writer: PacketWriter
  count: number
  pubackCount: number
}

/** What the acknowledgements of all connections share. */
export type AcknowledgementServices = Pick<ConnectionServices, 'turn' | 'writers' | 'store' | 'answers'>

/** What all have in common that hold nothing back. Never pushed to. */
const noBatches: Batch[] = []

/** So many bytes of answers may wait for the store before the connection stops reading. */
export const HELD_BYTES_MAX = 65_536

/**
 * Answers that say that something is stored: PUBACK, PUBREC, PUBREL, PUBCOMP, and the SUBACK and CONNACK of Sessions that are
 * kept. They leave at once when nothing is waiting to become durable; otherwise they wait for the envelope
 * of their turn and leave together with all answers of that turn, in the order they were given.
 */
export class Acknowledgements {
  readonly #services: AcknowledgementServices
  readonly #output: Output
  /** Oldest first. */
  #batches = noBatches
  #heldPubackCount = 0
  #onReleased: (() => void) | undefined

  constructor(services: AcknowledgementServices, output: Output) {
    this.#services = services
    this.#output = output
  }

  /** QoS 1 messages of the Client that are under way as it sees it, because their PUBACK is held (section 4.9). */
  get heldPubackCount(): number {
    return this.#heldPubackCount
  }

  get heldBytes(): number {
    return this.#batches.reduce((bytes, batch) => bytes + batch.writer.position, 0)
  }

  /** Whether the Client should be made to wait: much is held, or the store takes nothing more for now. */
  get isTooMuchHeld(): boolean {
    if (this.#batches.length === 0) return false
    const { isCongested, health } = this.#services.store
    return isCongested || !health.isWritable || this.heldBytes > HELD_BYTES_MAX
  }

  /**
   * Where to write one answer, now.
   *
   * @param saysStored whether the answer says that something is stored; one that refuses only keeps its place among the others
   */
  writer(saysStored: boolean): PacketWriter {
    if (this.#batches.length === 0 && (!saysStored || this.#services.store.isSettled)) return this.#output.writer()
    return this.#batchForOne().writer
  }

  /** The same for a PUBACK. */
  pubackWriter(saysStored: boolean): PacketWriter {
    if (this.#batches.length === 0 && (!saysStored || this.#services.store.isSettled)) return this.#output.writer()
    const batch = this.#batchForOne()
    batch.pubackCount++
    this.#heldPubackCount++
    return batch.writer
  }

  /**
   * Where to write the CONNACK, now. Until what it says is stored, nothing else leaves either [MQTT-3.2.0-1].
   *
   * @param saysStored whether it speaks of a Session that is or was stored
   */
  firstWriter(saysStored: boolean): PacketWriter {
    const { store, answers } = this.#services
    if (saysStored && !store.isSettled) {
      this.#output.hold()
      answers.whenSettled(() => this.#output.release())
    }
    return this.#output.writer()
  }

  /** Calls back once when nothing is held any more. */
  whenReleased(callback: () => void): void {
    this.#onReleased = callback
  }

  /** Drops what is held: the connection is over. */
  discard(): void {
    this.#batches = noBatches
    this.#onReleased = undefined
  }

  /**
   * The turn is over: only now all changes are told that the answers of its batch speak of. An earlier answer may change nothing, and
   * wait for an earlier envelope only.
   */
  #settle(batch: Batch): void {
    this.#services.answers.whenSettled(() => this.#release(batch))
  }

  /** The batch of this turn, with one more answer counted. */
  #batchForOne(): Batch {
    const { turn, writers } = this.#services
    const last = this.#batches.at(-1)
    if (last?.turn === turn.number) {
      last.count++
      return last
    }
    const batch = { turn: turn.number, writer: writers.take(), count: 1, pubackCount: 0 }
    if (this.#batches === noBatches) this.#batches = [batch]
    else this.#batches.push(batch)
    turn.flushAtEnd({ flush: () => this.#settle(batch) })
    return batch
  }

  #release(batch: Batch): void {
    if (this.#batches[0] !== batch) return // discarded
    this.#batches.shift()
    this.#heldPubackCount -= batch.pubackCount
    this.#output.writer(batch.count).copy(batch.writer.bytes, 0, batch.writer.position)
    this.#services.writers.give(batch.writer)
    if (this.#batches.length > 0) return
    const onReleased = this.#onReleased
    this.#onReleased = undefined
    onReleased?.()
  }
}
