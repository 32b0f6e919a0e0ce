/** One change of a batch: `undefined` deletes the key. */
export interface EngineChange {
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

export interface EngineEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Keys from `gte` up to, not including, `lt`, in the order of their bytes. */
export interface KeyRange {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
}

/** What an engine can fail with, as far as it matters what to do about it. */
export type EngineFault =
  /** Another process has the folder open. */
  | 'locked'
  /** What is in the folder does not make sense. */
  | 'corrupt'
  /** There is no space left. */
  | 'full'
  /** Anything else the system refuses: rights, a broken disk, too many open files. */
  | 'failed'

/** An {@link Engine} could not do what it was asked to. The message is for people and names the cause. */
export class EngineError extends Error {
  readonly fault: EngineFault

  constructor(fault: EngineFault, message: string, cause?: unknown) {
    super(message, { cause })
    this.fault = fault
  }

  override get name(): string {
    return 'EngineError'
  }
}

/**
 * An ordered map from bytes to bytes on a disk: all that the store takes from an embedded database. Keys and values that are given stay
 * the caller's and are not changed until the promise settles; those that are returned belong to the caller.
 *
 * After a `write` has failed nothing is known about what is on the disk: the engine refuses everything
 * until it has been closed and opened again. All promises reject with {@link EngineError} only.
 */
export interface Engine {
  /** Opens what is there, or creates it. Can be called again after {@link close}. */
  open(): Promise<void>
  /**
   * Writes all changes or none, after those of every earlier call that has settled. Only one is under way at a time.
   *
   * @param sync whether the promise waits until the changes, and all earlier ones, are on stable storage; without it they survive
   * the end of the process but not of the power
   */
  write(changes: readonly EngineChange[], sync: boolean): Promise<void>
  /** Values in the order of the keys; `undefined` where there is none. */
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>
  /** The first entries of a range. @param limit how many at most */
  page(range: KeyRange, limit: number): Promise<EngineEntry[]>
  /**
   * Makes what is damaged readable again, without what cannot be read; that is kept elsewhere. The engine is open afterwards. An
   * engine that cannot do so does not have it.
   */
  salvage?(reason: string): Promise<void>
  /** Lets go of the files. Everything under way is finished first. */
  close(): Promise<void>
}
