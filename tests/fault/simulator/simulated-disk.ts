import type { EngineChange, EngineEntry, KeyRange } from '../../../packages/broker/src/store/engine.ts'
import type { Random } from './random.ts'
import type { Trace } from './trace.ts'

/** Keys as strings whose order is that of their bytes. */
function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}

interface Change {
  readonly key: string
  readonly value: Uint8Array | undefined
}

/** What goes wrong with a disk at present. */
export interface DiskTrouble {
  /** There is no space left for anything. */
  isFull: boolean
  /** So many of the next writes fail; infinite: until somebody mends it. */
  failingWrites: number
  /** So many of the next syncs fail. */
  failingSyncs: number
  /** Everything takes this many times longer. */
  slowness: number
}

/**
 * A disk with the page cache in front of it, as an {@link Engine} sees it: whole batches, in order. It outlives processes and
 * power cuts; the simulation says when they come.
 *
 *     durable ── batches that are only in the page cache ─▶ what is read
 *
 * A sync makes the batches durable, in order. If it fails, the kernel takes the pages for written all the same: they stay readable until they
 * are evicted, but no later sync of that log makes them durable. After a power cut the cache is gone,
 * but for a prefix of its batches that the kernel had written by itself; half a batch does not count, as its checksum is wrong.
 */
export class SimulatedDisk {
  readonly trouble: DiskTrouble = { isFull: false, failingWrites: 0, failingSyncs: 0, slowness: 1 }
  /** Who has the files open. */
  owner: object | undefined = undefined
  #cache = new Map<string, Uint8Array>()
  #durable = new Map<string, Uint8Array>()
  #unsynced: (readonly Change[])[] = []
  /** Index in `#unsynced` from which on no sync reaches the disk any more, as a failed one has left a hole there. */
  #holeAt = Number.POSITIVE_INFINITY
  #sortedKeys: string[] | undefined
  readonly #random: Random
  readonly #trace: Trace

  constructor(random: Random, trace: Trace) {
    this.#random = random
    this.#trace = trace
  }

  /** Batches that a power cut could take. */
  get unsyncedCount(): number {
    return this.#unsynced.length
  }

  /** Puts a batch in the page cache. */
  apply(changes: readonly EngineChange[]): void {
    const batch = changes.map(({ key, value }) => ({ key: textOf(key), value: value && Uint8Array.from(value) }))
    this.#unsynced.push(batch)
    change(this.#cache, batch)
    this.#sortedKeys = undefined
    this.#trace.note('disk: written', batch.length)
    for (const { value } of batch) if (value !== undefined) this.#trace.bytes(value)
  }

  /** The sync of a log that came to its end. @param count batches that were in the cache when it began */
  sync(count: number): void {
    const reached = Math.min(count, this.#unsynced.length, this.#holeAt)
    for (const batch of this.#unsynced.splice(0, reached)) change(this.#durable, batch)
    this.#holeAt -= reached
    this.#trace.note('disk: synced', reached, this.#unsynced.length)
  }

  /** A sync failed: some pages may have been written before it did. */
  failSync(): void {
    this.sync(this.#random.below(this.#unsynced.length + 1))
    this.#holeAt = 0
    this.#trace.note('disk: a sync failed', this.#unsynced.length)
  }

  /** The power goes: what the cache had is lost, but for what the kernel had written by itself. */
  cutPower(): void {
    const survivors = this.#random.below(Math.min(this.#unsynced.length, this.#holeAt) + 1)
    this.#trace.note('disk: power cut', survivors, this.#unsynced.length)
    this.sync(survivors)
    this.#forgetCache()
    this.owner = undefined
  }

  /** The process that had the files open has been killed: the cache stays. */
  loseOwner(): void {
    this.owner = undefined
  }

  /** An engine opens the files: it reads what is there, pages behind a hole only if they have not been evicted, and writes it anew. */
  recover(): void {
    if (this.#holeAt < this.#unsynced.length) {
      const readable = this.#random.chance(0.5) ? this.#unsynced.length : this.#holeAt
      this.#unsynced.length = readable
    }
    this.#holeAt = Number.POSITIVE_INFINITY
    this.sync(this.#unsynced.length)
    this.#forgetCache()
    this.#trace.note('disk: recovered', this.#durable.size)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const value = this.#cache.get(textOf(key))
    return value && Uint8Array.from(value)
  }

  /** The keys of all rows, in order. */
  keys(): Uint8Array[] {
    return [...this.#cache.keys()].sort().map(key => Uint8Array.from(Buffer.from(key, 'latin1')))
  }

  /** From now on gives back other bytes than it was given. */
  replace(key: Uint8Array, value: Uint8Array): void {
    this.#cache.set(textOf(key), Uint8Array.from(value))
    this.#durable.set(textOf(key), Uint8Array.from(value))
  }

  page(range: KeyRange, limit: number): EngineEntry[] {
    this.#sortedKeys ??= [...this.#cache.keys()].sort()
    const keys = this.#sortedKeys
    const [from, to] = [textOf(range.gte), textOf(range.lt)]
    const entries: EngineEntry[] = []
    for (let index = lowerBound(keys, from); index < keys.length && entries.length < limit; index++) {
      const key = keys[index]!
      if (key >= to) break
      entries.push({ key: Uint8Array.from(Buffer.from(key, 'latin1')), value: Uint8Array.from(this.#cache.get(key)!) })
    }
    return entries
  }

  #forgetCache(): void {
    this.#unsynced = []
    this.#holeAt = Number.POSITIVE_INFINITY
    this.#cache = new Map(this.#durable)
    this.#sortedKeys = undefined
  }
}

function change(map: Map<string, Uint8Array>, batch: readonly Change[]): void {
  for (const { key, value } of batch) {
    if (value === undefined) map.delete(key)
    else map.set(key, value)
  }
}

/** The index of the first key that is not before `from`. */
function lowerBound(keys: readonly string[], from: string): number {
  let [low, high] = [0, keys.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (keys[middle]! < from) low = middle + 1
    else high = middle
  }
  return low
}
