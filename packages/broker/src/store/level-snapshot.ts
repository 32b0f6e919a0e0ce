import { access, constants, copyFile, link, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { EngineError } from './engine.ts'
import { LevelEngine } from './level-engine.ts'

/** LevelDB never changes these once they are written. */
const tablePattern = /\.(ldb|sst)$/
/** LevelDB goes on writing these. The lock and LevelDB's own log are not part of what is stored. */
const growingPattern = /^CURRENT$|^MANIFEST-\d+$|\.log$/
/** What LevelDB writes into its own log when it leaves out part of a journal. */
const droppedPattern = /dropping \d+ bytes; .*/g

/** There is no store in a folder. */
export class NoStoreError extends Error {
  override get name(): string {
    return 'NoStoreError'
  }
}

/**
 * The store in a folder as it is now, to be read while the folder itself stays as it is: LevelDB writes whenever it opens a folder,
 * and drops what it finds damaged. Tables are linked, the rest is copied, which is a few dozen megabytes at most.
 */
export class LevelSnapshot {
  /** Not open yet. What is written to it is gone with the snapshot, and so is what is repaired. */
  readonly engine: LevelEngine
  /** Where the links and copies are; for whoever must {@link remove} them without waiting. */
  readonly folder: string
  /** Why LevelDB could not open or read the files, so that the snapshot was repaired. */
  readonly #repairs: string[] = []

  private constructor(folder: string) {
    this.folder = folder
    this.engine = new LevelEngine(folder, {
      keepFolder: async reason => void this.#repairs.push(reason),
      holdJournals: async () => {},
      releaseJournals: async () => {},
    })
  }

  /**
   * @throws {NoStoreError} when there is none in the folder, which stays so
   * @throws {EngineError} `locked` when a broker has it open, `failed` when it cannot be read
   */
  static async take(folder: string): Promise<LevelSnapshot> {
    await checkStands(folder)
    try {
      return await copied(folder)
    } catch (error) {
      if (error instanceof EngineError) throw error
      throw new EngineError('failed', error instanceof Error ? error.message : String(error), error)
    }
  }

  /** What LevelDB has found damaged since the engine was opened, in its words. The engine goes on with what is left. */
  async damages(): Promise<readonly string[]> {
    const text = await readFile(join(this.folder, 'LOG'), 'utf8').catch(() => '') // Without a log there is nothing to tell.
    return [...this.#repairs, ...(text.match(droppedPattern) ?? [])]
  }

  /** Closes the engine and lets go of the links and copies. */
  async remove(): Promise<void> {
    await this.engine.close()
    await rm(this.folder, { recursive: true, force: true })
  }

  static of(folder: string): LevelSnapshot {
    return new LevelSnapshot(folder)
  }
}

/** LevelDB creates CURRENT last, and only a damaged store has tables without it. */
async function checkStands(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw new EngineError('failed', error.message, error)
  })
  if (names.some(name => tablePattern.test(name) || growingPattern.test(name))) return
  throw new NoStoreError(`there is no store in ${folder}`)
}

/** Nobody may write in between; LevelDB names a new manifest in CURRENT whenever it opens a folder, which tells. */
async function copied(folder: string): Promise<LevelSnapshot> {
  await checkUnlocked(folder)
  const before = await currentOf(folder)
  const target = await targetOf(folder)
  try {
    for (const name of await readdir(folder)) {
      const [from, to] = [join(folder, name), join(target, name)]
      if (tablePattern.test(name)) await linkOrCopy(from, to)
      else if (growingPattern.test(name)) await copyFile(from, to, constants.COPYFILE_FICLONE)
    }
    await checkUnlocked(folder)
    if ((await currentOf(folder)) !== before) throw new EngineError('locked', 'the store was opened meanwhile')
    return LevelSnapshot.of(target)
  } catch (error) {
    await rm(target, { recursive: true, force: true })
    throw error
  }
}

async function currentOf(folder: string): Promise<string> {
  return readFile(join(folder, 'CURRENT'), 'utf8').catch(() => '') // A damaged store may not have it.
}

/** Beside the store, where tables can be linked, or else where anybody may write. Only the owner may look into either. */
async function targetOf(folder: string): Promise<string> {
  const name = `${basename(folder)}.snapshot-`
  return mkdtemp(join(dirname(folder), name)).catch(() => mkdtemp(join(tmpdir(), name)))
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_FICLONE))
}

/**
 * LevelDB takes the lock before it refuses to open a store that is there already, and before it changes anything. Only who may write
 * the file of the lock can ask for it.
 */
async function checkUnlocked(folder: string): Promise<void> {
  const lock = join(folder, 'LOCK')
  await access(lock, constants.R_OK | constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  // Without CURRENT LevelDB would create a store.
  if ((await currentOf(folder)) === '') return
  const level = new ClassicLevel(folder, { errorIfExists: true })
  const error: unknown = await level.open().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  await level.close()
  for (let at = error; at instanceof Error; at = at.cause) {
    if ((at as NodeJS.ErrnoException).code === 'LEVEL_LOCKED') throw new EngineError('locked', at.message, at)
  }
}
