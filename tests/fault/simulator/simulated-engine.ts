import {
  type Engine,
  type EngineChange,
  type EngineEntry,
  EngineError,
  type KeyRange,
} from '../../../packages/broker/src/store/engine.ts'
import type { EventQueue } from './event-queue.ts'
import type { Random } from './random.ts'
import type { SimulatedDisk } from './simulated-disk.ts'
import type { SimulatedRuntime } from './simulated-runtime.ts'

interface PendingWrite {
  readonly changes: readonly EngineChange[]
  readonly sync: boolean
  readonly resolve: () => void
  readonly reject: (error: EngineError) => void
}

/** What an engine of the simulation needs; the process that uses it ends with its runtime. */
export interface SimulatedEngineServices {
  readonly queue: EventQueue
  readonly random: Random
  readonly runtime: SimulatedRuntime
  readonly disk: SimulatedDisk
  /** Called between the steps of a write, where a crash hurts most. */
  readonly onStep: () => void
  /** Called when a write or a sync fails. */
  readonly onFailure: () => void
  /** Called when the process has opened the files for the first time. */
  readonly onOpened?: () => void
  /** Whether the engine goes on after a failed write, as no engine may. Default: no. */
  readonly forgivesFailures?: boolean
}

/** Milliseconds that things take on a disk that is well. */
const WRITE_MS = [0.0625, 0.5] as const
const SYNC_MS = [0.25, 6] as const
const READ_MS = [0.0625, 2] as const
const OPEN_MS = [1, 20] as const

/** An {@link Engine} on a {@link SimulatedDisk}: one writer, virtual time, and every failure that the contract allows. */
export class SimulatedEngine implements Engine {
  readonly #services: SimulatedEngineServices
  #state: 'closed' | 'opening' | 'open' | 'broken' = 'closed'
  #writes: PendingWrite[] = []
  #isWriting = false
  #hasOpened = false
  /** The write that has begun and is not in the page cache yet. */
  #unapplied: PendingWrite | undefined
  #reads = 0
  #onIdle: (() => void) | undefined
  /** When the engine broke, in virtual time. */
  brokenSinceMs: number | undefined = undefined

  constructor(services: SimulatedEngineServices) {
    this.#services = services
  }

  open(): Promise<void> {
    if (this.#state !== 'closed') return Promise.reject(new EngineError('failed', 'the engine is open'))
    this.#state = 'opening'
    return new Promise((resolve, reject) => this.#later(OPEN_MS, () => this.#open(resolve, reject)))
  }

  write(changes: readonly EngineChange[], sync: boolean): Promise<void> {
    if (this.#state !== 'open') return Promise.reject(this.#refusal())
    return new Promise((resolve, reject) => {
      this.#writes.push({ changes, sync, resolve, reject })
      this.#startWrite()
    })
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#read(() => keys.map(key => this.#services.disk.get(key)))
  }

  page(range: KeyRange, limit: number): Promise<EngineEntry[]> {
    return this.#read(() => this.#services.disk.page(range, limit))
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      this.#onIdle = () => {
        const { disk } = this.#services
        if (disk.owner === this) disk.loseOwner()
        this.#state = 'closed'
        resolve()
      }
      this.#checkIdle()
    })
  }

  /** The process is killed: what it had asked for may still have been done, in order. */
  die(): void {
    const { disk, random } = this.#services
    const pending = this.#unapplied === undefined ? this.#writes : [this.#unapplied, ...this.#writes]
    if (this.#state !== 'open' || disk.trouble.isFull) return
    for (const { changes } of pending.slice(0, random.below(pending.length + 1))) disk.apply(changes)
  }

  #open(resolve: () => void, reject: (error: EngineError) => void): void {
    const { disk } = this.#services
    this.#state = 'closed'
    if (disk.owner !== undefined) return reject(new EngineError('locked', 'another process has the files open'))
    if (disk.trouble.isFull) return reject(new EngineError('full', 'no space is left on the device'))
    if (takeOne(disk.trouble, 'failingWrites')) {
      this.brokenSinceMs ??= this.#services.queue.nowMs
      return reject(new EngineError('failed', 'a write failed: EIO'))
    }
    this.brokenSinceMs = undefined
    disk.owner = this
    disk.recover()
    this.#state = 'open'
    if (!this.#hasOpened) this.#services.onOpened?.()
    this.#hasOpened = true
    resolve()
  }

  /** What is read may be as old as the call or as new as the answer. */
  #read<T>(look: () => T): Promise<T> {
    if (this.#state !== 'open') return Promise.reject(this.#refusal())
    const early = this.#services.random.chance(0.5) ? [look()] : undefined
    this.#reads++
    return new Promise((resolve, reject) =>
      this.#later(READ_MS, () => {
        this.#reads--
        if (this.#state === 'broken') reject(this.#refusal())
        else resolve(early === undefined ? look() : early[0]!)
        this.#checkIdle()
      }),
    )
  }

  #startWrite(): void {
    if (this.#isWriting) return
    const write = this.#writes.shift()
    if (write === undefined) return this.#checkIdle()
    this.#isWriting = true
    if (this.#state === 'broken') return this.#end(() => write.reject(this.#refusal()))
    this.#unapplied = write
    this.#later(WRITE_MS, () => this.#apply(write))
  }

  #apply(write: PendingWrite): void {
    this.#unapplied = undefined
    const { disk, random, onStep } = this.#services
    const isFull = disk.trouble.isFull
    if (isFull || takeOne(disk.trouble, 'failingWrites')) {
      // Whether the batch reached the log whole before the error is not known.
      if (random.chance(isFull ? 0.1 : 0.5)) disk.apply(write.changes)
      const error = isFull
        ? new EngineError('full', 'no space is left on the device')
        : new EngineError('failed', 'a write failed: EIO')
      return this.#fail(write, error)
    }
    disk.apply(write.changes)
    onStep()
    if (!write.sync) return this.#end(write.resolve)
    const covered = disk.unsyncedCount
    this.#later(SYNC_MS, () => this.#sync(write, covered))
  }

  #sync(write: PendingWrite, covered: number): void {
    const { disk, onStep } = this.#services
    if (takeOne(disk.trouble, 'failingSyncs')) {
      disk.failSync()
      return this.#fail(write, new EngineError('failed', 'a sync failed: EIO'))
    }
    disk.sync(covered)
    this.#end(write.resolve)
    onStep()
  }

  #fail(write: PendingWrite, error: EngineError): void {
    this.#services.onFailure()
    if (this.#services.forgivesFailures !== true) {
      this.#state = 'broken'
      this.brokenSinceMs = this.#services.queue.nowMs
    }
    this.#end(() => write.reject(error))
  }

  #end(settle: () => void): void {
    this.#isWriting = false
    settle()
    this.#startWrite()
  }

  #checkIdle(): void {
    if (this.#isWriting || this.#writes.length > 0 || this.#reads > 0 || this.#onIdle === undefined) return
    const onIdle = this.#onIdle
    this.#onIdle = undefined
    onIdle()
  }

  #later([minMs, maxMs]: readonly [number, number], callback: () => void): void {
    const { queue, random, runtime, disk } = this.#services
    queue.after(random.duration(minMs, maxMs) * disk.trouble.slowness, () => {
      if (runtime.isAlive) callback()
    })
  }

  #refusal(): EngineError {
    return new EngineError('failed', `the engine is ${this.#state}`)
  }
}

/** Uses up one of the failures that are to come. @returns whether there was one */
function takeOne(trouble: SimulatedDisk['trouble'], kind: 'failingWrites' | 'failingSyncs'): boolean {
  if (trouble[kind] === 0) return false
  trouble[kind]--
  return true
}
