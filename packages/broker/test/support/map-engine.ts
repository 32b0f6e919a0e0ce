import { type Engine, type EngineChange, type EngineEntry, EngineError, type KeyRange } from '../../src/store/engine.ts'

/** An {@link Engine} in memory, whose rows a test may change; it survives being closed. */
export class MapEngine implements Engine {
  readonly rows: Map<string, Uint8Array> = new Map()
  /** Fails the write with this number, counted from 1, and those behind it. */
  failsFrom = Number.POSITIVE_INFINITY
  writes = 0

  async open(): Promise<void> {}

  async close(): Promise<void> {}

  async write(changes: readonly EngineChange[]): Promise<void> {
    this.writes++
    if (this.writes >= this.failsFrom) throw new EngineError('failed', 'the disk is broken')
    for (const { key, value } of changes) {
      if (value === undefined) this.rows.delete(hexOf(key))
      else this.rows.set(hexOf(key), copyOf(value))
    }
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map(key => this.rows.get(hexOf(key))).map(value => value && copyOf(value))
  }

  async page({ gte, lt }: KeyRange, limit: number): Promise<EngineEntry[]> {
    const [from, to] = [hexOf(gte), hexOf(lt)]
    const names = [...this.rows.keys()].filter(name => name >= from && name < to).sort()
    return names.slice(0, limit).map(name => ({ key: Buffer.from(name, 'hex'), value: copyOf(this.rows.get(name)!) }))
  }

  /** What is there now, as a kill would leave it. */
  copy(): MapEngine {
    const copy = new MapEngine()
    for (const [name, value] of this.rows) copy.rows.set(name, copyOf(value))
    return copy
  }

  /** Keys of the rows of a table, which are told by their first letter. */
  keysOf(letter: string): string[] {
    return [...this.rows.keys()].filter(name => name.startsWith(Buffer.from(letter).toString('hex'))).sort()
  }
}

/** `slice` of a Buffer would be a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
