import type { Message } from '@curlew/protocol'
import type { Segment, StoredSessionState } from './catalogue.ts'
import type { CheckFindings } from './check-findings.ts'
import type { Clocks } from './records.ts'
import { entriesOf } from './segment-entries.ts'
import { messageBytes } from './store.ts'

/** What stands of a body in the store, and how many queued messages were found to refer to it. */
interface BodyFacts {
  /** As {@link messageBytes} counts it; `undefined` when there is no body that can be read. */
  bytes: number | undefined
  /** `undefined` when the store has no number. */
  references: number | undefined
  found: number
}

/** Compares segments with what the store says of them, and counts what refers to the bodies that they share. */
export class QueueCheck {
  readonly #findings: CheckFindings
  readonly #clocks: Clocks
  readonly #bodies = new Map<number, BodyFacts>()

  constructor(findings: CheckFindings, clocks: Clocks) {
    this.#findings = findings
    this.#clocks = clocks
  }

  addBody(id: number, message: Message): void {
    this.#body(id).bytes = messageBytes(message)
  }

  addReferences(id: number, count: number): void {
    this.#body(id).references = count
  }

  /** Checks what a Session has, once all of its remainders are there: they must follow each other. */
  checkOrder(place: string, { segments, nextSequence, released, incoming }: StoredSessionState): void {
    let last = -1
    for (const segment of segments) {
      if (segment.first <= last) this.#findings.add(place, `segment ${segment.first} begins before another one ends`)
      last = Math.max(last, segment.last)
    }
    if (nextSequence <= last) this.#findings.add(place, `the next sequence is ${nextSequence}, but ${last} is in use`)
    const wrong = [...released].find(sequence => sequence >= nextSequence)
    if (wrong !== undefined) this.#findings.add(place, `message ${wrong} counts as released, but was never queued`)
    const packetId = [...incoming].find(candidate => candidate < 1 || candidate > 0xffff)
    if (packetId !== undefined) this.#findings.add(place, `${packetId} is no Packet Identifier`)
  }

  /**
   * Checks a segment and what is left of it. Called after all bodies have been added.
   *
   * @param remainder what the store says is left, if it says anything
   * @throws {CorruptRecordError} or {MqttError} when the segment is not what was written
   */
  checkSegment(place: string, first: number, value: Uint8Array, remainder: Segment | undefined): void {
    const entries = entriesOf(value, this.#clocks)
    if (remainder === undefined) return this.#findings.add(place, 'nothing says what is left of it: it is an orphan')
    const sequences = new Set(entries.map(({ sequence }) => sequence))
    const stray = [...remainder.gone].find(sequence => !sequences.has(sequence))
    if (stray !== undefined) this.#findings.add(place, `message ${stray} counts as gone, but was never there`)
    const left = entries.filter(({ sequence }) => !remainder.gone.has(sequence))
    for (const { bodyId } of left) if (bodyId !== 0) this.#body(bodyId).found++
    const expected = {
      first: entries[0]?.sequence,
      last: entries.at(-1)?.sequence,
      count: left.length,
      bytes: left.reduce((sum, { bytes, bodyId }) => sum + (bytes ?? this.#body(bodyId).bytes ?? 0), 0),
    }
    const hasAllBodies = left.every(
      ({ bytes, bodyId }) => bytes !== undefined || this.#body(bodyId).bytes !== undefined,
    )
    for (const name of ['first', 'last', 'count', 'bytes'] as const) {
      if (name === 'bytes' && !hasAllBodies) continue // the missing body is told below
      const [is, told] = [expected[name], name === 'first' ? first : remainder[name]]
      if (is !== told) this.#findings.add(place, `its ${name} should be ${is}, and is told to be ${told}`)
    }
    const hasBodies = entries.some(({ bodyId }) => bodyId !== 0)
    if (hasBodies && !remainder.hasBodies) this.#findings.add(place, 'it refers to bodies, and is told not to')
    for (const { sequence, bodyId, bytes } of left) {
      if (bytes === undefined && this.#body(bodyId).bytes === undefined) {
        this.#findings.add(place, `message ${sequence} refers to body ${bodyId}, which is missing`)
      }
    }
  }

  /** Compares the numbers of references, once all segments have been checked. */
  checkBodies(): void {
    for (const [id, { bytes, references, found }] of this.#bodies) {
      const place = `body ${id}`
      if (bytes !== undefined && references === undefined)
        this.#findings.add(place, 'its number of references is missing')
      if (bytes === undefined && references !== undefined) this.#findings.add(place, 'it is missing, but counted')
      if (references !== undefined && references !== found) {
        const problem = found === 0 ? 'it is an orphan: nothing refers to it' : `${found} messages refer to it`
        this.#findings.add(place, `${problem}, and ${references} are counted`)
      }
    }
  }

  #body(id: number): BodyFacts {
    let body = this.#bodies.get(id)
    if (body === undefined) {
      body = { bytes: undefined, references: undefined, found: 0 }
      this.#bodies.set(id, body)
    }
    return body
  }
}
