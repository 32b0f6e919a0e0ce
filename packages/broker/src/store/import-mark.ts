import { PacketWriter } from '@curlew/codec'
import { isDamage } from './damage.ts'
import type { Engine } from './engine.ts'
import { importKey } from './keys.ts'
import { readRecord } from './records.ts'
import { rowOf } from './rows.ts'

/** An import into the store has begun and did not end, so that a part of what was to be imported is there. */
export class InterruptedImportError extends Error {
  /** What was imported, as it was named then. */
  readonly source: string

  constructor(source: string) {
    super(`an import of ${source} into the store was interrupted: only a part of it is there`)
    this.source = source
  }

  override get name(): string {
    return 'InterruptedImportError'
  }
}

/** Says, durably, that an import begins. @param source names it for people; at most 65,535 bytes */
export async function markImport(engine: Engine, source: string): Promise<void> {
  const value = rowOf(new PacketWriter(), writer => writer.utf8String(source, 'source'))
  await engine.write([{ key: importKey, value }], true)
}

/** Says, durably, that it has ended. */
export async function clearImportMark(engine: Engine): Promise<void> {
  await engine.write([{ key: importKey, value: undefined }], true)
}

/** @throws {InterruptedImportError} when an import has begun and not ended */
export async function refuseInterruptedImport(engine: Engine): Promise<void> {
  const [value] = await engine.getMany([importKey])
  if (value !== undefined) throw new InterruptedImportError(sourceOf(value))
}

/** What {@link markImport} was told. */
export function sourceOf(value: Uint8Array): string {
  try {
    return readRecord(value).utf8String()
  } catch (error) {
    if (isDamage(error)) return 'a file'
    throw error
  }
}
