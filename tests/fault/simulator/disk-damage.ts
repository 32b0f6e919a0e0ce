import { type Change, readEnvelope } from '../../../packages/broker/src/store/changes.ts'
import type { EngineEntry } from '../../../packages/broker/src/store/engine.ts'
import { numberOf, sessionOf, type Table, tableOf, tableRange } from '../../../packages/broker/src/store/keys.ts'
import {
  type Clocks,
  readMessage,
  readNumber,
  readQueued,
  readRecord,
  readSession,
} from '../../../packages/broker/src/store/records.ts'
import { type SimulationOptions, without } from './options.ts'
import { PublishedMessage } from './published-message.ts'
import type { Random } from './random.ts'
import type { SimulatedDisk } from './simulated-disk.ts'
import type { Trace } from './trace.ts'

/** What a damaged row held: nothing else may suffer. */
export interface Damage {
  /** Client Identifiers of Sessions that may have lost something. */
  readonly clients: ReadonlySet<string>
  /** Topics whose retained message may be an older one, or none. */
  readonly topics: ReadonlySet<string>
  /** Messages that may be lost for whoever has not got them. */
  readonly messages: ReadonlySet<string>
  /** Whether the broker reads the row when it starts, and so must say that it is damaged. */
  readonly isReadAtStart: boolean
}

/** Read when a message is needed, or not at all while the store is whole. */
const tablesReadLater: readonly (Table | undefined)[] = ['segment', 'body', 'references']

/** The times that records hold do not matter here. */
const anyClocks: Clocks = { monotonicMs: 0, wallClockMs: 0 }

/** Changes what a disk holds, one row at a time, as a disk does that gives back other bytes than it was given. */
export class DiskDamage {
  readonly #disk: SimulatedDisk
  readonly #random: Random
  readonly #trace: Trace
  readonly #faults: SimulationOptions['faults']

  constructor(disk: SimulatedDisk, random: Random, trace: Trace, options: SimulationOptions) {
    this.#disk = disk
    this.#random = random
    this.#trace = trace
    this.#faults = (options.store === 'disk' ? options : without(options, ['bit-flip', 'truncation'])).faults
  }

  /** Called when a process has opened the files. @returns what was damaged, if anything was */
  strike(): Damage | undefined {
    const random = this.#random
    const kinds = (['bit-flip', 'truncation'] as const).filter(kind => random.chance(this.#faults[kind]))
    const kind = kinds[0]
    const keys = this.#disk.keys()
    if (kind === undefined || keys.length === 0) return undefined
    const key = random.pick(keys)
    const value = this.#disk.get(key)!
    if (!isSound(value)) return undefined
    const damage = this.#contentOf(key, value)
    let changed = value
    if (kind === 'truncation') changed = value.subarray(0, random.below(value.length))
    else changed[random.below(value.length)]! ^= 1 << random.below(8)
    this.#disk.replace(key, changed)
    this.#trace.note(`fault ${kind}`, tableOf(key), ...damage.clients, ...damage.topics, ...damage.messages)
    return damage
  }

  #contentOf(key: Uint8Array, value: Uint8Array): Damage {
    const table = tableOf(key)
    const clients = new Set<string>()
    const topics = new Set<string>()
    const messages = new Set<string>()
    const content = { clients, topics, messages, isReadAtStart: !tablesReadLater.includes(table) }
    const names = this.#namesOfSessions()
    const add = (session: number): void => {
      for (const name of names.get(session) ?? []) clients.add(name)
    }
    if (table === 'journal') {
      for (const change of this.#changesOf(value)) {
        if (change.kind === 'retain') topics.add(change.topic)
        else add(change.session)
      }
    } else if (table === 'retained') topics.add(Buffer.from(key.subarray(1)).toString())
    else if (table === 'body') {
      const { bytes, payloadStart, payloadEnd } = readMessage(readRecord(value), anyClocks)
      messages.add(PublishedMessage.idOf(Buffer.from(bytes.subarray(payloadStart, payloadEnd)).toString('latin1')))
      // A segment that refers to a body which cannot be read counts as lost as a whole.
      for (const session of this.#sessionsWith(numberOf(key))) add(session)
    } else if (table !== 'meta' && table !== 'references') add(sessionOf(key))
    return content
  }

  /** All names that a Session has had since the last checkpoint, by its number. */
  #namesOfSessions(): Map<number, Set<string>> {
    const names = new Map<number, Set<string>>()
    const add = (session: number, name: string): void => {
      names.set(session, (names.get(session) ?? new Set()).add(name))
    }
    for (const { key, value } of this.#rowsOf('session')) {
      add(sessionOf(key), readSession(readRecord(value), anyClocks).clientId)
    }
    for (const { value } of this.#rowsOf('journal')) {
      for (const change of this.#changesOf(value)) {
        if (change.kind === 'save-session') add(change.session, change.record.clientId)
      }
    }
    return names
  }

  /** Sessions that have queued a message that stands in a row of its own. */
  #sessionsWith(body: number): Set<number> {
    const sessions = new Set<number>()
    for (const { key, value } of this.#rowsOf('segment')) {
      const reader = readRecord(value)
      for (let count = readNumber(reader); count > 0; count--) {
        const { bodyId } = readQueued(reader, id => (id === 0 ? readMessage(reader, anyClocks) : undefined))
        if (bodyId === body) sessions.add(sessionOf(key))
      }
    }
    return sessions
  }

  #changesOf(value: Uint8Array): Change[] {
    return readEnvelope(value, anyClocks)
  }

  /** The rows of a table that are not damaged yet. */
  #rowsOf(table: Table): EngineEntry[] {
    return this.#disk.page(tableRange(table), Number.MAX_SAFE_INTEGER).filter(({ value }) => isSound(value))
  }
}

/** Whether a row is what was written, as far as its checksum tells. */
export function isSound(value: Uint8Array): boolean {
  try {
    readRecord(value)
    return true
  } catch {
    return false
  }
}
