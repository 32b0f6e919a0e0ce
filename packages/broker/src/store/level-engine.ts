import { mkdir, readdir } from 'node:fs/promises'
import { ClassicLevel, type Iterator } from 'classic-level'
import { nodeRuntime } from '../runtime/node-runtime.ts'
import {
  type Engine,
  type EngineChange,
  type EngineEntry,
  EngineError,
  type EngineFault,
  type KeyRange,
} from './engine.ts'
import { Slices } from './slices.ts'

/** Bytes that LevelDB collects in memory before it writes a table: fewer, larger tables cost less to merge. */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024
/** Bytes of blocks that LevelDB keeps in memory. */
const CACHE_BYTES = 16 * 1024 * 1024

type Level = ClassicLevel<Uint8Array, Uint8Array>

/** Where an engine keeps what it finds damaged. */
export interface Quarantine {
  keepFolder(reason: string): Promise<void>
  holdJournals(): Promise<void>
  releaseJournals(): Promise<void>
}

/** {@link Engine} on LevelDB, in a folder of its own. LevelDB refuses to write after an error until it is opened anew. */
export class LevelEngine implements Engine {
  readonly #folder: string
  readonly #quarantine: Quarantine | undefined
  #level: Level | undefined

  /** @param folder created, for this user alone, when it does not exist */
  constructor(folder: string, quarantine?: Quarantine) {
    this.#folder = folder
    this.#quarantine = quarantine
  }

  async open(): Promise<void> {
    await this.#run(async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      try {
        if (await this.#lacksRoot()) throw new EngineError('corrupt', 'the file CURRENT is missing')
        this.#level = await this.#opened()
      } catch (error) {
        const { fault, message } = engineErrorOf(error)
        if (fault !== 'corrupt' || this.#quarantine === undefined) throw error
        await this.salvage(message)
      }
    })
  }

  async salvage(reason: string): Promise<void> {
    await this.close()
    await this.#run(async () => {
      await this.#quarantine?.keepFolder(reason)
      await ClassicLevel.repair(this.#folder)
      this.#level = await this.#opened()
    })
  }

  /** Whether there are files of a store without the one that leads to them: LevelDB would begin a new one and delete them. */
  async #lacksRoot(): Promise<boolean> {
    const names = await readdir(this.#folder)
    return !names.includes('CURRENT') && names.some(name => /^MANIFEST-|\.(ldb|sst|log)$/.test(name))
  }

  async #opened(): Promise<Level> {
    await this.#quarantine?.holdJournals()
    const level: Level = new ClassicLevel(this.#folder, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      writeBufferSize: WRITE_BUFFER_BYTES,
      cacheSize: CACHE_BYTES,
    })
    try {
      await level.open()
    } catch (error) {
      await level.close()
      throw error
    }
    await this.#quarantine?.releaseJournals()
    return level
  }

  write(changes: readonly EngineChange[], sync: boolean): Promise<void> {
    return this.#run(async () => {
      // A chained batch costs a quarter of what one from an array does. Each change is copied into it at once, only `write` is done elsewhere.
      const batch = this.#open().batch()
      const slices = new Slices(nodeRuntime)
      for (const { key, value } of changes) {
        if (value === undefined) batch.del(key)
        else batch.put(key, value)
        const pause = slices.add(1, value?.length)
        if (pause !== undefined) await pause
      }
      await batch.write({ sync })
    })
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#run(() => this.#open().getMany([...keys]))
  }

  page(range: KeyRange, limit: number): Promise<EngineEntry[]> {
    return this.#run(async () => {
      const iterator = this.#open().iterator(range)
      try {
        return await firstOf(iterator, range, limit)
      } finally {
        await iterator.close()
      }
    })
  }

  async close(): Promise<void> {
    const level = this.#level
    this.#level = undefined
    if (level !== undefined) await this.#run(() => level.close())
  }

  #open(): Level {
    if (this.#level === undefined) throw new EngineError('failed', 'the store is not open')
    return this.#level
  }

  async #run<Result>(action: () => Promise<Result>): Promise<Result> {
    try {
      return await action()
    } catch (error) {
      throw engineErrorOf(error)
    }
  }
}

type LevelIterator = Iterator<Level, Uint8Array, Uint8Array>

/** LevelDB passes over blocks that it cannot read, and says so only to an iterator that has come to its end. */
async function firstOf(iterator: LevelIterator, { lt }: KeyRange, limit: number): Promise<EngineEntry[]> {
  const entries: EngineEntry[] = []
  while (entries.length < limit) {
    const some = await iterator.nextv(limit - entries.length) // as many as are in memory at a time
    if (some.length === 0) return entries
    for (const [key, value] of some) entries.push({ key, value })
  }
  iterator.seek(lt)
  await iterator.next()
  return entries
}

function engineErrorOf(error: unknown): EngineError {
  if (error instanceof EngineError) return error
  const reason = reasonOf(error)
  return new EngineError(faultOf(error, reason), reason, error)
}

/** LevelDB tells what happened in words, in the innermost cause. */
function reasonOf(error: unknown): string {
  let innermost = error
  while (innermost instanceof Error && innermost.cause !== undefined) innermost = innermost.cause
  return innermost instanceof Error ? innermost.message : String(innermost)
}

/** Files that are missing, cut short or full of other bytes; `Invalid argument` is what an empty one gives. */
const damagePattern =
  /corrupt|checksum|bad (record|block|magic)|missing files|sstable|truncated|invalid argument|no such file/i
const fullPattern = /no space left|ENOSPC|disk quota|EDQUOT/i

function faultOf(error: unknown, reason: string): EngineFault {
  const codes = new Set<string>()
  for (let at = error; at instanceof Error; at = at.cause) codes.add(String((at as NodeJS.ErrnoException).code))
  if (codes.has('LEVEL_LOCKED')) return 'locked'
  // LevelDB gives system errors as their text only.
  if (fullPattern.test(reason)) return 'full'
  return codes.has('LEVEL_CORRUPTION') || damagePattern.test(reason) ? 'corrupt' : 'failed'
}
