import type { Message } from '@curlew/protocol'
import type { Segment } from './catalogue.ts'
import { isDamage } from './damage.ts'
import type { Engine } from './engine.ts'
import { bodyKey, segmentKey } from './keys.ts'
import type { QueuedRecord } from './queued-record.ts'
import { type Clocks, CorruptRecordError, readMessage, readNumber, readQueued, readRecord } from './records.ts'
import { readBodyRow } from './rows.ts'

/** Bodies of messages by their number. */
type Bodies = ReadonlyMap<number, Message>

/** A queued message whose body is missing or damaged. */
export type LostRecord = Pick<QueuedRecord, 'sequence' | 'bodyId'>

/** What is left of a segment, in order. */
export interface SegmentContents {
  readonly records: QueuedRecord[]
  readonly lost: readonly LostRecord[]
}

/**
 * Reads what is left of a segment.
 *
 * @throws {CorruptRecordError} or {MqttError} when the segment is not what was written
 * @throws {EngineError} when it cannot be read
 */
export async function readSegment(
  engine: Engine,
  session: number,
  segment: Segment,
  clocks: Clocks,
): Promise<SegmentContents> {
  const [value] = await engine.getMany([segmentKey(session, segment.first)])
  if (value === undefined) throw new CorruptRecordError(`segment ${segment.first} of Session ${session} is missing`)
  const bodies = segment.hasBodies ? await readBodies(engine, bodyIdsOf(value, segment, clocks), clocks) : new Map()
  return contentsOf(value, segment, clocks, bodies)
}

/** What is gone of the segment may refer to bodies that are gone as well. */
function contentsOf(value: Uint8Array, { gone }: Segment, clocks: Clocks, bodies: Bodies): SegmentContents {
  const reader = readRecord(value)
  const records: QueuedRecord[] = []
  const lost: LostRecord[] = []
  for (let count = readNumber(reader); count > 0; count--) {
    const record = readQueued(reader, bodyId => (bodyId === 0 ? readMessage(reader, clocks) : bodies.get(bodyId)))
    if (gone.has(record.sequence)) continue
    if (isWhole(record)) records.push(record)
    else lost.push(record)
  }
  return { records, lost }
}

function isWhole(record: QueuedRecord<Message | undefined>): record is QueuedRecord {
  return record.message !== undefined
}

/** The bodies that what is left of a segment refers to. */
function bodyIdsOf(value: Uint8Array, { gone }: Segment, clocks: Clocks): number[] {
  const reader = readRecord(value)
  const ids = new Set<number>()
  for (let count = readNumber(reader); count > 0; count--) {
    const { bodyId, sequence } = readQueued(reader, id => (id === 0 ? readMessage(reader, clocks) : undefined))
    if (bodyId !== 0 && !gone.has(sequence)) ids.add(bodyId)
  }
  return [...ids]
}

/** Those that can be read. */
async function readBodies(engine: Engine, ids: readonly number[], clocks: Clocks): Promise<Bodies> {
  const keys = ids.map(bodyKey)
  const values = await engine.getMany(keys)
  const bodies = new Map<number, Message>()
  for (const [index, id] of ids.entries()) {
    const value = values[index]
    if (value === undefined) continue
    try {
      bodies.set(id, readBodyRow({ key: keys[index]!, value }, clocks))
    } catch (error) {
      if (!isDamage(error)) throw error
    }
  }
  return bodies
}
