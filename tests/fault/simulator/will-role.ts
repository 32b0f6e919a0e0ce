import { noProperties, type QoS, type Will } from '@curlew/codec'
import type { ClientRole, Parting } from './client-role.ts'
import type { PublishedMessage } from './published-message.ts'
import type { Random } from './random.ts'
import type { RoleServices } from './roles.ts'
import type { SimulatedClient } from './simulated-client.ts'
import type { Link } from './simulated-network.ts'
import { Violation } from './violation.ts'

/** Whether a process is the one that it was, and could store all the time. */
export type WellSince = (processId: number, sinceMs: number) => boolean

/** How late a Will may be that is due, in milliseconds: the wheel ticks every 100, and a turn waits for the store. */
const LATE_MS = 1_500
/** How exactly the end of a connection is known, in milliseconds: between DISCONNECT and the end of the connection may lie the delay of a network. */
const UNSURE_MS = 500
/** How often the end of a connection is looked for, in milliseconds. */
const POLL_MS = 125

/** One CONNECT with its Will. */
interface Bequest {
  readonly message: PublishedMessage
  readonly link: Link
}

/**
 * Connects with a Will, another one each time, and goes with or without a word. A Will is due when its delay is over and its Client has not come
 * back; before that it must not come, and once the Client is back or has said DISCONNECT it must not come any more.
 */
export class WillHolderRole implements ClientRole {
  client!: SimulatedClient
  readonly #name: string
  readonly #qos: QoS
  /** Milliseconds; Will Delay Interval, of 5.0 only. */
  readonly #delayMs: number
  readonly #services: RoleServices
  readonly #isWellSince: WellSince
  readonly #random: Random
  #sequence = 0
  /** Of the connection that is, or that was last. */
  #bequest: Bequest | undefined
  /** Of the last connection that was online before it, and is lost. */
  #left: Bequest | undefined

  /** @param delayInterval seconds */
  constructor(
    { name, qos, delayInterval }: { name: string; qos: QoS; delayInterval: number },
    services: RoleServices,
    random: Random,
    isWellSince: WellSince,
  ) {
    this.#name = name
    this.#qos = qos
    this.#random = random
    this.#delayMs = delayInterval * 1_000
    this.#services = services
    this.#isWellSince = isWellSince
  }

  /** Milliseconds until it connects again: sometimes longer than any delay. */
  get awayMs(): number {
    return this.#random.duration(10, this.#random.pick([300, 2_000, 8_000]))
  }

  will(link: Link): Will {
    const fields = {
      kind: 'will',
      publisher: this.#name,
      sequence: this.#sequence++,
      topic: `w/${this.#name}`,
    } as const
    const message = this.#services.ledger.send({ ...fields, qos: this.#qos, payloadBytes: 12 })
    message.earliestMs = () => this.#earliestMs(link)
    this.#bequest = { message, link }
    const properties = this.#delayMs === 0 ? noProperties : { willDelayInterval: this.#delayMs / 1_000 }
    const { topic, payload, qos } = message
    return { topic, payload: Buffer.from(payload, 'latin1'), qos, retain: false, properties }
  }

  /** A Will whose Client is back before it was due is cancelled [MQTT-3.1.3-9]. */
  onOnline(isSessionPresent: boolean): void {
    const left = this.#left
    this.#left = undefined
    if (left === undefined || !isSessionPresent || this.#delay === 0) return
    const { endedMs } = left.link
    const dueMs = (endedMs ?? Infinity) + this.#delay
    const isDoubtful = endedMs !== undefined && this.#services.ledger.doubtfulClockMs >= endedMs - UNSURE_MS
    if (this.client.lastSent.toMs + UNSURE_MS < dueMs && !isDoubtful) this.#forbid(left.message)
  }

  onOffline(parting: Parting): void {
    const bequest = this.#bequest!
    this.#left = undefined
    if (parting === 'taken leave') return this.#forbid(bequest.message)
    if (parting !== 'lost') return
    this.#left = bequest
    this.#expect(bequest)
  }

  /** Milliseconds; a Session that ends with its connection does not wait. */
  get #delay(): number {
    return this.client.profile.isPersistent ? this.#delayMs : 0
  }

  #earliestMs({ openedMs, endedMs }: Link): number | undefined {
    if (openedMs === undefined || endedMs === undefined) return Infinity
    const isDoubtful = this.#services.ledger.doubtfulClockMs >= openedMs
    return isDoubtful ? endedMs : endedMs + this.#delay - UNSURE_MS
  }

  #forbid(message: PublishedMessage): void {
    const { ledger, queue } = this.#services
    message.isForbidden = true
    message.forbiddenMs = queue.nowMs
    const isPublished = ledger.subscribers.some(({ receipts }) => receipts.has(message.id))
    if (isPublished && !message.isDamaged) throw new Violation('a Will that was taken back is published', message.text)
  }

  /** Says when the Will must have been published, if nothing comes between. */
  #expect(bequest: Bequest): void {
    const { queue, ledger } = this.#services
    const { link, message } = bequest
    const { processId } = link
    const sinceMs = queue.nowMs
    const look = (): void => {
      if (!this.#isWellSince(processId, sinceMs)) return
      const dueMs = link.endedMs === undefined ? Infinity : link.endedMs + this.#delay + LATE_MS
      if (queue.nowMs < dueMs) return void queue.after(POLL_MS, look)
      // With a delay, any connection since may have cancelled it.
      if (this.#delay === 0 || this.#bequest === bequest) ledger.acknowledge(message)
    }
    look()
  }
}
