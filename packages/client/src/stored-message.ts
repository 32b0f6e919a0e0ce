import {
  ClientDecoder,
  MalformedPacketError,
  PacketType,
  PacketWriter,
  type Publish,
  TopicNames,
  writePublishPacket,
} from '@curlew/codec'
import { packetIdAt } from '@curlew/protocol'
import type { StoredMessage } from './outbox.ts'

/** Bytes before the packet: sequence and wall-clock time, 64-bit floating point each, which is exact for whole numbers. */
const HEAD_BYTES = 16

/**
 * A message as bytes: its place, when it was stored, and its PUBLISH as MQTT 5.0 writes it.
 *
 * @param wallClockMs milliseconds since 1970; the monotonic clock does not survive the process
 */
export function encodeStored(message: StoredMessage, wallClockMs: number): Uint8Array {
  const { sequence, topic, payload, qos, retain, properties } = message
  const packet: Publish = {
    type: PacketType.Publish,
    topic,
    payload,
    qos,
    retain,
    dup: false,
    packetId: packetIdAt(sequence),
    properties,
  }
  const writer = new PacketWriter(0) // a PUBLISH makes room to measure
  writePublishPacket(writer, packet, 5)
  const bytes = writer.bytes.subarray(0, writer.position)
  const stored = new Uint8Array(HEAD_BYTES + bytes.length)
  const view = new DataView(stored.buffer)
  view.setFloat64(0, sequence)
  view.setFloat64(8, wallClockMs)
  stored.set(bytes, HEAD_BYTES)
  return stored
}

/** @throws `MqttError` when the bytes are not what {@link encodeStored} made */
export function decodeStored(stored: Uint8Array, isReleased: boolean, wallClockMs: number): StoredMessage {
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength)
  const decoder = new ClientDecoder({ version: 5, allowsControlCharacters: true, topicNames: new TopicNames(1) })
  decoder.push(stored.subarray(HEAD_BYTES))
  const packet = decoder.next()
  if (packet?.type !== PacketType.Publish) throw new MalformedPacketError('what is stored is no message')
  const { topic, payload, qos, retain, properties } = packet
  const { messageExpiryInterval } = properties
  // A wall clock that was set back must not lengthen a life; one that was set forward shortens it.
  const elapsed = Math.max(0, Math.floor((wallClockMs - view.getFloat64(8)) / 1000))
  const left = messageExpiryInterval === undefined ? undefined : Math.max(0, messageExpiryInterval - elapsed)
  return {
    sequence: view.getFloat64(0),
    topic,
    payload: new Uint8Array(payload),
    qos: qos as 1 | 2,
    retain,
    properties: { ...properties, messageExpiryInterval: left },
    isReleased,
  }
}
