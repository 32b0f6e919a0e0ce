import type { PacketReader } from '@curlew/codec'
import type { Message } from '@curlew/protocol'
import type { QueuedRecord } from './queued-record.ts'
import { type Clocks, CorruptRecordError, readMessage, readNumber, readQueued, readRecord } from './records.ts'
import { messageBytes } from './store.ts'

/** One queued message of a segment, as far as it matters to whoever checks the segment. */
export interface SegmentEntry {
  readonly sequence: number
  readonly bodyId: number
  /** `undefined`: the body has them. */
  readonly bytes: number | undefined
}

/** @throws {CorruptRecordError} or {MqttError} when the segment is not what was written */
export function entriesOf(value: Uint8Array, clocks: Clocks): SegmentEntry[] {
  const reader = readRecord(value)
  const entries: SegmentEntry[] = []
  for (let count = readNumber(reader); count > 0; count--) entries.push(entryOf(reader, clocks))
  if (entries.length === 0) throw new CorruptRecordError('there are no messages in it')
  const isInOrder = entries.every(({ sequence }, index) => index === 0 || entries[index - 1]!.sequence < sequence)
  if (!isInOrder) throw new CorruptRecordError('its messages are not in order')
  reader.expectEnd()
  return entries
}

function entryOf(reader: PacketReader, clocks: Clocks): SegmentEntry {
  let bytes: number | undefined
  const { sequence, bodyId }: QueuedRecord = readQueued(reader, id => {
    if (id !== 0) return undefined as unknown as Message // the record is thrown away
    const message = readMessage(reader, clocks)
    bytes = messageBytes(message)
    return message
  })
  return { sequence, bodyId, bytes }
}
