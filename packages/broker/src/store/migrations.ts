import { PacketWriter } from '@curlew/codec'
import { isDamage } from './damage.ts'
import type { Engine } from './engine.ts'
import { metaKey } from './keys.ts'
import { type Meta, readMeta, rowOf, writeMeta } from './rows.ts'

/** The store was written in a format that this program does not know. */
export class StoreFormatError extends Error {
  override get name(): string {
    return 'StoreFormatError'
  }
}

/** Rewrites what one format has as the next one has it, in batches that can be repeated after a crash. */
export type Migration = (engine: Engine) => Promise<void>

/** `migrations[n]` leads from format n to n + 1; the first format is 1. */
const migrations: readonly (Migration | undefined)[] = [undefined]

/** The format that this program writes. */
const currentFormat: number = migrations.length

/** Of a store in which there is nothing yet. */
export const newMeta: Meta = { format: currentFormat, checkpoint: 0, lastEnvelope: 0, nextSession: 1, nextBody: 1 }

/**
 * Brings an open engine to the current format, one step at a time; a new one is given it.
 *
 * @throws {StoreFormatError} when a later version of this program has written it
 */
export async function migrate(engine: Engine, steps: readonly (Migration | undefined)[] = migrations): Promise<void> {
  const target = steps.length
  const [value] = await engine.getMany([metaKey])
  const meta = value === undefined ? { ...newMeta, format: target } : metaOf(value)
  if (meta === undefined) return // damaged, which is found and told when all is read
  if (meta.format > target) {
    throw new StoreFormatError(
      `the store has format ${meta.format}; this version of Curlew reads up to ${target}: use the version that wrote it`,
    )
  }
  if (value !== undefined && meta.format === target) return
  for (let format = meta.format; format < target; format++) await steps[format]!(engine)
  const row = rowOf(new PacketWriter(), writer => writeMeta(writer, { ...meta, format: target }))
  await engine.write([{ key: metaKey, value: row }], true)
}

function metaOf(value: Uint8Array): Meta | undefined {
  try {
    return readMeta(value)
  } catch (error) {
    if (isDamage(error)) return undefined
    throw error
  }
}
