import type { Message } from '@curlew/protocol'
import type { Segment } from './catalogue.ts'
import type { Engine } from './engine.ts'
import { bodyKey, segmentKey } from './keys.ts'
import { type Clocks, CorruptRecordError, readMessage, readNumber, readQueued, readRecord } from './records.ts'
import type { QueuedRecord } from './store.ts'

/** Bodies of messages by their number. */
type Bodies = ReadonlyMap<number, Message>

/**
 * Reads what is left of a segment, in order.
 *
 * @throws {CorruptRecordError} or {MqttError} when the segment or a body that it refers to is not what was written
 * @throws {EngineError} when it cannot be read
 */
export async function readSegment(
  engine: Engine,
  session: number,
  segment: Segment,
  clocks: Clocks,
): Promise<QueuedRecord[]> {
  const [value] = await engine.getMany([segmentKey(session, segment.first)])
  if (value === undefined) throw new CorruptRecordError(`segment ${segment.first} of Session ${session} is missing`)
  const bodies = segment.hasBodies ? await readBodies(engine, bodyIdsOf(value, clocks), clocks) : new Map()
  return recordsOf(value, clocks, bodies).filter(({ sequence }) => !segment.gone.has(sequence))
}

function recordsOf(value: Uint8Array, clocks: Clocks, bodies: Bodies): QueuedRecord[] {
  const reader = readRecord(value)
  const records: QueuedRecord[] = []
  for (let count = readNumber(reader); count > 0; count--) {
    records.push(
      readQueued(reader, bodyId => {
        const message = bodyId === 0 ? readMessage(reader, clocks) : bodies.get(bodyId)
        if (message === undefined) throw new CorruptRecordError(`body ${bodyId} is missing`)
        return message
      }),
    )
  }
  return records
}

/** The bodies that a segment refers to, found by reading it with any message in their place. */
function bodyIdsOf(value: Uint8Array, clocks: Clocks): number[] {
  const reader = readRecord(value)
  const ids = new Set<number>()
  for (let count = readNumber(reader); count > 0; count--) {
    readQueued(reader, bodyId => {
      if (bodyId === 0) return readMessage(reader, clocks)
      ids.add(bodyId)
      return undefined as unknown as Message // the record is thrown away
    })
  }
  return [...ids]
}

async function readBodies(engine: Engine, ids: readonly number[], clocks: Clocks): Promise<Bodies> {
  const values = await engine.getMany(ids.map(bodyKey))
  const bodies = new Map<number, Message>()
  for (const [index, id] of ids.entries()) {
    const value = values[index]
    if (value !== undefined) bodies.set(id, readMessage(readRecord(value), clocks))
  }
  return bodies
}
