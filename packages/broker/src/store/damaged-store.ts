import type { Log } from '../runtime/log.ts'
import { type Engine, EngineError } from './engine.ts'
import type { DamagedRow } from './recovery.ts'

/** Puts damaged rows where nothing deletes them, before they are taken out of the store. @returns where that is, for people */
export type RowQuarantine = (rows: readonly DamagedRow[]) => Promise<string>

/** Reads an engine; what is damaged so much that it cannot be read is salvaged, and then read again. */
export async function readSalvaged<Result>(engine: Engine, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof EngineError) || error.fault !== 'corrupt' || engine.salvage === undefined) throw error
    await engine.salvage(error.message)
    return read()
  }
}

/** Takes damaged rows out of the store, and says so. */
export async function putAside(
  damaged: readonly DamagedRow[],
  engine: Engine,
  quarantine: RowQuarantine | undefined,
  log: Log,
): Promise<void> {
  if (damaged.length === 0) return
  const where = await quarantine?.(damaged)
  const reasons = [...new Set(damaged.map(({ reason }) => reason))].slice(0, 10)
  log.error('part of the store is damaged', { rows: damaged.length, reasons, keptIn: where })
  await engine.write(
    damaged.map(({ key }) => ({ key, value: undefined })),
    true,
  )
}
