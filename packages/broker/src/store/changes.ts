import type { PacketReader, PacketWriter } from '@curlew/codec'
import type { Message } from '@curlew/protocol'
import type { QueuedRecord } from './queued-record.ts'
import {
  type Clocks,
  CorruptRecordError,
  finishRecord,
  readMessage,
  readNumber,
  readQueued,
  readRecord,
  readSession,
  readSubscription,
  startRecord,
  writeMessage,
  writeNumber,
  writeQueued,
  writeSession,
  writeSubscription,
} from './records.ts'
import type { SessionRecord, SubscriptionRecord } from './store.ts'

/** One change of what is stored. A Session is named by its number. */
export type Change =
  | { readonly kind: 'save-session'; readonly session: number; readonly record: SessionRecord }
  | { readonly kind: 'delete-session'; readonly session: number }
  | { readonly kind: 'save-subscription'; readonly session: number; readonly record: SubscriptionRecord }
  | { readonly kind: 'delete-subscription'; readonly session: number; readonly filter: string }
  | { readonly kind: 'enqueue'; readonly session: number; readonly record: QueuedRecord }
  | {
      readonly kind: 'dequeue'
      readonly session: number
      /** Read when the envelope is written: a checkpoint before that may give the message a body. */
      readonly record: Pick<QueuedRecord, 'sequence' | 'bodyId'>
      /** What it counts. */
      readonly bytes: number
    }
  | { readonly kind: 'release'; readonly session: number; readonly sequence: number }
  | { readonly kind: 'accept-incoming'; readonly session: number; readonly packetId: number }
  | { readonly kind: 'release-incoming'; readonly session: number; readonly packetId: number }
  | { readonly kind: 'retain'; readonly topic: string; readonly message: Message | undefined }

const codes = {
  message: 1,
  'save-session': 2,
  'delete-session': 3,
  'save-subscription': 4,
  'delete-subscription': 5,
  enqueue: 6,
  dequeue: 7,
  release: 8,
  'accept-incoming': 9,
  'release-incoming': 10,
  retain: 11,
  clear: 12,
} as const

/**
 * Writes changes of an envelope, from `start` up to, not including, `end`, as one record. A message stands once before the changes that refer to it, which follow each
 * other when it goes to many Sessions.
 *
 * @returns a view, valid until the writer is used again
 */
export function writeEnvelope(
  writer: PacketWriter,
  changes: readonly Change[],
  start: number,
  end: number,
  clocks: Clocks,
): Uint8Array {
  writer.position = 0
  const mark = startRecord(writer)
  let message: Message | undefined
  for (let index = start; index < end; index++) {
    const change = changes[index]!
    const needed = messageOf(change)
    if (needed !== undefined && needed !== message) {
      writer.byte(codes.message)
      writeMessage(writer, needed, clocks)
      message = needed
    }
    writeChange(writer, change, clocks)
  }
  return finishRecord(writer, mark)
}

/** The message that a change is about, if it brings one. */
export function messageOf(change: Change): Message | undefined {
  if (change.kind === 'enqueue') return change.record.message
  return change.kind === 'retain' ? change.message : undefined
}

function writeChange(writer: PacketWriter, change: Change, clocks: Clocks): void {
  if (change.kind === 'retain') return writeRetain(writer, change.topic, change.message)
  writer.byte(codes[change.kind])
  writeNumber(writer, change.session)
  switch (change.kind) {
    case 'save-session':
      return writeSession(writer, change.record, clocks)
    case 'delete-session':
      return
    case 'save-subscription':
      return writeSubscription(writer, change.record)
    case 'delete-subscription':
      return writer.utf8String(change.filter, 'filter')
    case 'enqueue':
      return writeQueued(writer, change.record)
    case 'dequeue':
      writeNumber(writer, change.record.sequence)
      writeNumber(writer, change.record.bodyId)
      return writeNumber(writer, change.bytes)
    case 'release':
      return writeNumber(writer, change.sequence)
    case 'accept-incoming':
    case 'release-incoming':
      return writeNumber(writer, change.packetId)
    default:
      change satisfies never
  }
}

function writeRetain(writer: PacketWriter, topic: string, message: Message | undefined): void {
  writer.byte(message === undefined ? codes.clear : codes.retain)
  writer.utf8String(topic, 'topic')
}

/** Reads what {@link writeEnvelope} has written. @throws {CorruptRecordError} or {MqttError} when it is not that */
export function readEnvelope(value: Uint8Array, clocks: Clocks): Change[] {
  const reader = readRecord(value)
  const changes: Change[] = []
  let message: Message | undefined
  while (reader.remaining > 0) {
    const code = reader.byte()
    if (code === codes.message) message = readMessage(reader, clocks)
    else changes.push(readChange(reader, code, message, clocks))
  }
  return changes
}

function readChange(reader: PacketReader, code: number, message: Message | undefined, clocks: Clocks): Change {
  if (code === codes.clear) return { kind: 'retain', topic: reader.utf8String(), message: undefined }
  if (code === codes.retain) return { kind: 'retain', topic: reader.utf8String(), message: present(message) }
  const session = readNumber(reader)
  switch (code) {
    case codes['save-session']:
      return { kind: 'save-session', session, record: readSession(reader, clocks) }
    case codes['delete-session']:
      return { kind: 'delete-session', session }
    case codes['save-subscription']:
      return { kind: 'save-subscription', session, record: readSubscription(reader) }
    case codes['delete-subscription']:
      return { kind: 'delete-subscription', session, filter: reader.utf8String() }
    case codes.enqueue:
      return { kind: 'enqueue', session, record: readQueued(reader, () => present(message)) }
    case codes.dequeue: {
      const record = { sequence: readNumber(reader), bodyId: readNumber(reader) }
      return { kind: 'dequeue', session, record, bytes: readNumber(reader) }
    }
    case codes.release:
      return { kind: 'release', session, sequence: readNumber(reader) }
    case codes['accept-incoming']:
      return { kind: 'accept-incoming', session, packetId: readNumber(reader) }
    case codes['release-incoming']:
      return { kind: 'release-incoming', session, packetId: readNumber(reader) }
    default:
      throw new CorruptRecordError(`an envelope has a change of kind ${code}`)
  }
}

function present(message: Message | undefined): Message {
  if (message === undefined) throw new CorruptRecordError('an envelope refers to a message that it does not have')
  return message
}
