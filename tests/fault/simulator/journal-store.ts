import { MemoryStore, type QueuedRecord, type Store, type StoredState } from '../../../packages/broker/src/index.ts'
import type { Engine } from '../../../packages/broker/src/store/engine.ts'
import { toldChanges } from '../../../packages/broker/test/support/told-changes.ts'

/** One call that changed something. */
interface Call {
  readonly method: string
  readonly args: readonly unknown[]
}

/** The calls of each envelope by its number: what the records on the disk stand for. It belongs to the disk, not to a process. */
export type JournalCalls = Call[][]

const everything = { gte: Uint8Array.of(), lt: Uint8Array.of(0xff) }

/**
 * The simplest store that keeps the contract: a journal of envelopes on an {@link Engine}, each with a sync, played back into a
 * {@link MemoryStore}. It shows faults of the broker apart from those of the real store. A failed write
 * is the end of it: it does not settle any more, and the process must be started again.
 */
export class JournalStore {
  readonly #engine: Engine
  readonly #journal: JournalCalls
  readonly #memory = new MemoryStore()
  /** Queued messages of earlier runs, by Client Identifier and sequence, as PUBREC changes them. */
  readonly #restored = new Map<string, QueuedRecord>()
  #open: Call[] = []
  #committed = 0
  #settled = 0
  #waiting: { readonly envelope: number; readonly callback: () => void }[] = []
  #hasFailed = false
  onHealthChange: (() => void) | undefined = undefined
  readonly durability = 'always'

  private constructor(engine: Engine, journal: JournalCalls) {
    this.#engine = engine
    this.#journal = journal
    for (const method of toldChanges) {
      Object.assign(this, { [method]: (...args: unknown[]) => this.#change(method, args) })
    }
  }

  static create(engine: Engine, journal: JournalCalls): Store {
    return new JournalStore(engine, journal) as unknown as Store
  }

  async load(): Promise<StoredState> {
    await this.#engine.open()
    for (const { value } of await this.#engine.page(everything, Number.MAX_SAFE_INTEGER)) {
      const calls = this.#journal[Buffer.from(value).readUInt32BE()]!
      for (const { method, args } of calls) this.#replay(method, args)
    }
    return this.#memory.load()
  }

  get isSettled(): boolean {
    return this.#open.length === 0 && this.#settled === this.#committed
  }
  get isCongested(): boolean {
    return false
  }
  get health(): { readonly isWritable: boolean; readonly reason: string } {
    return { isWritable: !this.#hasFailed, reason: 'a write failed' }
  }

  whenSettled(callback: () => void): void {
    if (this.isSettled) callback()
    else this.#waiting.push({ envelope: this.#committed + (this.#open.length > 0 ? 1 : 0), callback })
  }

  isDurable({ envelope }: { envelope: number }): boolean {
    return envelope <= this.#settled
  }

  readQueue(...args: Parameters<MemoryStore['readQueue']>): void {
    this.#memory.readQueue(...args)
  }

  commit(): void {
    if (this.#open.length === 0) return
    const number = this.#journal.push(this.#open) - 1
    this.#open = []
    this.#committed++
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(number)
    this.#engine.write([{ key: bytes, value: bytes }], true).then(
      () => this.#settle(),
      () => {
        this.#hasFailed = true
      },
    )
  }

  async close(): Promise<void> {
    this.commit()
    await this.#engine.close()
  }

  #settle(): void {
    if (this.#hasFailed) return
    this.#settled++
    const due = this.#waiting.filter(({ envelope }) => envelope <= this.#settled)
    this.#waiting = this.#waiting.filter(({ envelope }) => envelope > this.#settled)
    for (const { callback } of due) callback()
  }

  #change(method: string, args: unknown[]): void {
    // Records are the Session's, which goes on changing them; messages do not change in what they say.
    this.#open.push({ method, args: args.map(copyOf) })
    if (method === 'enqueue') Object.assign(args[1] as QueuedRecord, { envelope: this.#committed + 1 })
    this.#tellMemory(method, args)
  }

  #replay(method: string, args: readonly unknown[]): void {
    const [clientId, record] = args as [string, QueuedRecord]
    const key = `${clientId} ${record?.sequence}`
    const copies = args.map(copyOf)
    if (method === 'enqueue') this.#restored.set(key, Object.assign(copies[1] as QueuedRecord, { envelope: 0 }))
    if (method === 'release') this.#restored.get(key)!.isReleased = true
    this.#tellMemory(method, copies)
  }

  #tellMemory(method: string, args: readonly unknown[]): void {
    const call = this.#memory[method as 'saveSession'] as (...args: unknown[]) => void
    call.apply(this.#memory, [...args])
  }
}

function copyOf(arg: unknown): unknown {
  const isRecord = typeof arg === 'object' && arg !== null && Object.getPrototypeOf(arg) === Object.prototype
  return isRecord ? { ...arg } : arg
}
