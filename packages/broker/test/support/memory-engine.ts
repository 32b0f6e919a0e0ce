import { type Engine, type EngineChange, type EngineEntry, EngineError, type KeyRange } from '../../src/store/engine.ts'

type Fault = 'none' | 'before' | 'after'

/**
 * An {@link Engine} in memory that a test can look into, change, hold up and break; it survives being closed. What was written without
 * `sync` counts as lost when {@link cutPower} is called.
 */
export class MemoryEngine implements Engine {
  /** By the hexadecimal form of the key, whose order is that of the bytes. */
  rows: Map<string, Uint8Array> = new Map()
  #synced = new Map<string, Uint8Array>()
  #isBroken = false
  /** Writes so far: how many changes each had, and whether it waited for the disk. */
  readonly writes: { readonly count: number; readonly isSynced: boolean }[] = []
  /** What happens to the next write: it fails before it changes anything, or after it. */
  nextFault: Fault = 'none'
  /** The number of writes after which the disk is broken. */
  writesMax = Number.POSITIVE_INFINITY
  /** Called when a write has changed the rows, before whoever wrote knows. */
  onWritten: ((count: number) => void) | undefined
  /** Whether opening fails. */
  refusesToOpen = false
  /** Whether reads of single rows get no answer. */
  holdsReads = false
  #held: (() => void)[] | undefined

  async open(): Promise<void> {
    if (this.refusesToOpen) throw new EngineError('full', 'no space left on device')
    this.#isBroken = false
  }

  async write(changes: readonly EngineChange[], sync: boolean): Promise<void> {
    if (this.#held !== undefined) await new Promise<void>(resolve => this.#held!.push(resolve))
    if (this.#isBroken) throw new EngineError('failed', 'the engine must be opened anew')
    if (this.writes.length >= this.writesMax) throw new EngineError('failed', 'the disk is broken')
    const fault = this.nextFault
    this.nextFault = 'none'
    this.#isBroken = fault !== 'none'
    if (fault === 'before') throw new EngineError('full', 'no space left on device')
    this.writes.push({ count: changes.length, isSynced: sync })
    for (const { key, value } of changes) {
      if (value === undefined) this.rows.delete(hex(key))
      else this.rows.set(hex(key), copyOf(value))
    }
    this.onWritten?.(changes.length)
    if (fault === 'after') throw new EngineError('failed', 'input/output error')
    if (sync) this.#synced = new Map(this.rows)
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    if (this.holdsReads) return new Promise(() => {})
    return keys.map(key => this.rows.get(hex(key))).map(value => value && copyOf(value))
  }

  async page({ gte, lt }: KeyRange, limit: number): Promise<EngineEntry[]> {
    const [from, to] = [hex(gte), hex(lt)]
    const keys = [...this.rows.keys()].filter(key => key >= from && key < to).sort()
    return keys.slice(0, limit).map(key => entryOf(key, this.rows.get(key)!))
  }

  async close(): Promise<void> {}

  /** Writes wait until {@link release}. */
  hold(): void {
    this.#held ??= []
  }

  release(): void {
    const held = this.#held
    this.#held = undefined
    for (const resolve of held ?? []) resolve()
  }

  /** Forgets what was written and not synced. */
  cutPower(): void {
    this.rows = new Map(this.#synced)
  }

  /** What another process finds when this one is killed now. */
  afterKill(): MemoryEngine {
    const engine = new MemoryEngine()
    engine.rows = copiesOf(this.rows)
    engine.#synced = copiesOf(this.#synced)
    return engine
  }

  /** How many rows there are in a table, by its letter. */
  rowCount(table: string): number {
    return this.entries(table).length
  }

  /** The rows of a table, by its letter. */
  entries(table: string): EngineEntry[] {
    const prefix = hex(Buffer.from(table))
    return [...this.rows].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => entryOf(key, value))
  }

  /** Turns one bit of a row over. */
  damage({ key }: EngineEntry): void {
    const value = this.rows.get(hex(key))!
    value[value.length - 1]! ^= 1
  }
}

/** `slice` of a Buffer would be a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

function copiesOf(rows: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  return new Map([...rows].map(([key, value]) => [key, copyOf(value)] as const))
}

function entryOf(key: string, value: Uint8Array): EngineEntry {
  return { key: Buffer.from(key, 'hex'), value: copyOf(value) }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
