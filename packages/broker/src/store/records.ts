import { crc32 } from 'node:zlib'
import {
  noProperties,
  PacketReader,
  type PacketWriter,
  type QoS,
  type RetainHandling,
  readPublishProperties,
} from '@curlew/codec'
import { Message, NEVER } from '@curlew/protocol'
import type { Runtime } from '../runtime/runtime.ts'
import { type QueuedRecord, queuedRecord } from './queued-record.ts'
import type { SessionRecord, SubscriptionRecord, WillRecord } from './store.ts'

/**
 * How the things of a store become bytes. Every value in the engine begins with a version and a checksum; strings, binary data and
 * properties are written as MQTT writes them.
 *
 *     version (1 byte) | CRC-32 of the rest (4) | the rest
 */
const VERSION = 1
const HEAD_BYTES = 5

/** The bytes of a stored value are not what was written, or were written by a later version of this program. */
export class CorruptRecordError extends Error {
  override get name(): string {
    return 'CorruptRecordError'
  }
}

/** Begins a value: room for version and checksum. @returns a mark for {@link finishRecord} */
export function startRecord(writer: PacketWriter): number {
  writer.ensure(HEAD_BYTES)
  const mark = writer.position
  writer.position += HEAD_BYTES
  return mark
}

/** Ends the value begun at `mark`. @returns a view of it, valid until the writer is used again */
export function finishRecord(writer: PacketWriter, mark: number): Uint8Array {
  const { bytes, position } = writer
  const checksum = crc32(bytes.subarray(mark + HEAD_BYTES, position))
  bytes[mark] = VERSION
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(mark + 1, checksum)
  return bytes.subarray(mark, position)
}

/** Checks version and checksum of a value. @returns a reader of the rest @throws {CorruptRecordError} */
export function readRecord(value: Uint8Array): PacketReader {
  if (value.length < HEAD_BYTES) throw new CorruptRecordError(`a record of ${value.length} bytes is too short`)
  if (value[0] !== VERSION)
    throw new CorruptRecordError(`a record has version ${value[0]}; this program knows ${VERSION}`)
  const checksum = new DataView(value.buffer, value.byteOffset).getUint32(1)
  if (crc32(value.subarray(HEAD_BYTES)) !== checksum) throw new CorruptRecordError('the checksum of a record is wrong')
  return new PacketReader(true).reset(value, HEAD_BYTES, value.length)
}

/** Reads a value of which nothing may be left. @throws {CorruptRecordError} or {MqttError} when it is not what was written */
export function readWhole<Contents>(value: Uint8Array, read: (reader: PacketReader) => Contents): Contents {
  const reader = readRecord(value)
  const contents = read(reader)
  reader.expectEnd()
  return contents
}

/** Bytes that {@link writeNumber} takes at most: seven bits in each. */
const NUMBER_BYTES_MAX = 8

/** A whole number from 0 to 2^53 − 1, short if it is small. */
export function writeNumber(writer: PacketWriter, value: number): void {
  writer.ensure(NUMBER_BYTES_MAX)
  const { bytes } = writer
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes[writer.position++] = (rest % 128) | 0x80
  bytes[writer.position++] = rest
}

export function readNumber(reader: PacketReader): number {
  let value = 0
  for (let factor = 1; ; factor *= 128) {
    const byte = reader.byte()
    value += (byte & 0x7f) * factor
    if (byte < 0x80) return value
    if (factor > 2 ** 49) throw new CorruptRecordError('a number is longer than eight bytes')
  }
}

/** What the expiry of a message is measured with: the clocks of the moment. */
export interface Clocks {
  readonly monotonicMs: number
  readonly wallClockMs: number
  /** How the wall clock was moved while this process ran, oldest first. */
  readonly jumps?: readonly ClockJump[]
}

/** The wall clock, in milliseconds, where it was moved from and to. */
export interface ClockJump {
  readonly fromMs: number
  readonly toMs: number
}

export function clocksOf(runtime: Runtime): Clocks {
  return { monotonicMs: runtime.monotonicMs(), wallClockMs: runtime.wallClockMs() }
}

const messageFlags = { retain: 4, expires: 8, properties: 16 } as const

/** The expiry is written as wall clock time, beside what is left of it, which is all that a clock set back may give. */
export function writeMessage(writer: PacketWriter, message: Message, clocks: Clocks): void {
  const { expiresAt, encodedProperties } = message
  const expires = expiresAt !== NEVER
  const hasProperties = encodedProperties.length > 0
  const { retain, expires: expiresFlag, properties } = messageFlags
  writer.byte(
    message.qos | (message.retain ? retain : 0) | (expires ? expiresFlag : 0) | (hasProperties ? properties : 0),
  )
  writer.utf8String(message.topic, 'topic')
  writer.utf8String(message.publisherId, 'publisherId')
  if (expires) {
    const leftMs = Math.max(0, Math.ceil(expiresAt - clocks.monotonicMs))
    writeNumber(writer, leftMs)
    writeNumber(writer, Math.max(0, Math.floor(clocks.wallClockMs) + leftMs))
  }
  if (hasProperties) {
    writer.variableByteInteger(encodedProperties.length)
    writer.copy(encodedProperties, 0, encodedProperties.length)
  }
  writeNumber(writer, message.payloadLength)
  writer.copy(message.bytes, message.payloadStart, message.payloadEnd)
}

/** The message is a view of the reader's bytes. */
export function readMessage(reader: PacketReader, clocks: Clocks): Message {
  const flags = reader.byte()
  const topic = reader.utf8String()
  const publisherId = reader.utf8String()
  const expiresAt = (flags & messageFlags.expires) === 0 ? NEVER : readExpiry(reader, clocks)
  const properties = (flags & messageFlags.properties) === 0 ? noProperties : readPublishProperties(reader)
  const payloadLength = readNumber(reader)
  const payloadStart = reader.advance(payloadLength)
  return new Message({
    topic,
    bytes: reader.bytes,
    payloadStart,
    payloadEnd: payloadStart + payloadLength,
    qos: (flags & 3) as QoS,
    retain: (flags & messageFlags.retain) !== 0,
    properties,
    publisherId,
    expiresAt,
  })
}

function readExpiry(reader: PacketReader, clocks: Clocks): number {
  const leftMs = readNumber(reader)
  const dueAtMs = readNumber(reader)
  const ageMs = clocks.wallClockMs - movedAlong(dueAtMs - leftMs, clocks)
  return clocks.monotonicMs + Math.min(leftMs, Math.max(0, leftMs - ageMs))
}

/**
 * What the wall clock of now would have shown at a moment that it showed then. A moment that it showed twice, because it was set back, counts
 * as the later one: what was written then lives longer rather than shorter.
 */
function movedAlong(writtenMs: number, { wallClockMs, jumps = [] }: Clocks): number {
  let movedMs = writtenMs
  let endMs = wallClockMs
  for (const { fromMs, toMs } of jumps.toReversed()) {
    if (writtenMs >= toMs && writtenMs <= endMs) break // written since this jump
    movedMs += toMs - fromMs
    endMs = fromMs
  }
  return movedMs
}

const queuedFlags = { retain: 4, shared: 8, body: 16 } as const

/** A queued message without the message itself. */
export function writeQueued(writer: PacketWriter, record: QueuedRecord): void {
  const { retain, shared, body } = queuedFlags
  const { qos, sharedFilter, bodyId, subscriptionIdentifiers } = record
  writer.byte(
    qos | (record.retain ? retain : 0) | (sharedFilter === undefined ? 0 : shared) | (bodyId === 0 ? 0 : body),
  )
  writeNumber(writer, record.sequence)
  writeNumber(writer, subscriptionIdentifiers.length)
  for (const identifier of subscriptionIdentifiers) writeNumber(writer, identifier)
  if (sharedFilter !== undefined) writer.utf8String(sharedFilter, 'sharedFilter')
  if (bodyId !== 0) writeNumber(writer, bodyId)
}

/** Reads a queued message, whose body may have to be looked up. @param messageOf gives the message, of a body if its number is not 0 */
export function readQueued<Found>(reader: PacketReader, messageOf: (bodyId: number) => Found): QueuedRecord<Found> {
  const flags = reader.byte()
  const sequence = readNumber(reader)
  const subscriptionIdentifiers: number[] = []
  for (let count = readNumber(reader); count > 0; count--) subscriptionIdentifiers.push(readNumber(reader))
  const sharedFilter = (flags & queuedFlags.shared) === 0 ? undefined : reader.utf8String()
  const bodyId = (flags & queuedFlags.body) === 0 ? 0 : readNumber(reader)
  const qos = (flags & 3) as 1 | 2
  const retain = (flags & queuedFlags.retain) !== 0
  const record = queuedRecord(sequence, messageOf(bodyId), qos, retain, { subscriptionIdentifiers, sharedFilter })
  record.envelope = 0
  record.bodyId = bodyId
  return record
}

const sessionFlags = { disconnected: 1, will: 2, willIsDue: 4, willExpires: 8 } as const

export function writeSession(writer: PacketWriter, record: SessionRecord, clocks: Clocks): void {
  const { clientId, expiryInterval, disconnectedAtMs, will } = record
  const { disconnected, will: hasWill, willIsDue, willExpires } = sessionFlags
  writer.byte(
    (disconnectedAtMs === undefined ? 0 : disconnected) |
      (will === undefined ? 0 : hasWill) |
      (will?.dueAtMs === undefined ? 0 : willIsDue) |
      (will?.messageExpiryInterval === undefined ? 0 : willExpires),
  )
  writer.utf8String(clientId, 'clientId')
  writeNumber(writer, expiryInterval)
  if (disconnectedAtMs !== undefined) writeNumber(writer, Math.max(0, Math.floor(disconnectedAtMs)))
  if (will === undefined) return
  writeNumber(writer, will.delayInterval)
  if (will.dueAtMs !== undefined) writeNumber(writer, Math.max(0, Math.floor(will.dueAtMs)))
  if (will.messageExpiryInterval !== undefined) writeNumber(writer, will.messageExpiryInterval)
  writeMessage(writer, will.message, clocks)
}

export function readSession(reader: PacketReader, clocks: Clocks): SessionRecord {
  const flags = reader.byte()
  const clientId = reader.utf8String()
  const expiryInterval = readNumber(reader)
  const disconnectedAtMs = (flags & sessionFlags.disconnected) === 0 ? undefined : readNumber(reader)
  return { clientId, expiryInterval, disconnectedAtMs, will: readWill(reader, flags, clocks) }
}

function readWill(reader: PacketReader, flags: number, clocks: Clocks): WillRecord | undefined {
  if ((flags & sessionFlags.will) === 0) return undefined
  const delayInterval = readNumber(reader)
  const dueAtMs = (flags & sessionFlags.willIsDue) === 0 ? undefined : readNumber(reader)
  const messageExpiryInterval = (flags & sessionFlags.willExpires) === 0 ? undefined : readNumber(reader)
  return { delayInterval, dueAtMs, messageExpiryInterval, message: readMessage(reader, clocks) }
}

export function writeSubscription(writer: PacketWriter, record: SubscriptionRecord): void {
  const { qos, noLocal, retainAsPublished, retainHandling, identifier } = record
  writer.byte(qos | (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | (retainHandling << 4))
  writeNumber(writer, identifier ?? 0)
  writer.utf8String(record.filter, 'filter')
}

export function readSubscription(reader: PacketReader): SubscriptionRecord {
  const options = reader.byte()
  const identifier = readNumber(reader)
  return {
    filter: reader.utf8String(),
    qos: (options & 3) as QoS,
    noLocal: (options & 4) !== 0,
    retainAsPublished: (options & 8) !== 0,
    retainHandling: (options >> 4) as RetainHandling,
    identifier: identifier === 0 ? undefined : identifier,
  }
}
