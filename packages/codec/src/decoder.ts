import { decodeAnswer } from './client-decoder.ts'
import { MalformedPacketError, ProtocolError } from './errors.ts'
import { checkReservedFlags } from './fixed-header.ts'
import type { Packet } from './packet.ts'
import { PacketType } from './packet-type.ts'
import { type Connect, decodeConnect, decodeProtocolVersion } from './packets/connect.ts'
import { decodePing } from './packets/ping.ts'
import { decodeSubscribe } from './packets/subscribe.ts'
import { decodeUnsubscribe } from './packets/unsubscribe.ts'
import type { PacketReader } from './reader.ts'
import { type OneWayType, type PacketDecoderOptions, StreamDecoder } from './stream-decoder.ts'
import { TopicNames } from './topic-names.ts'

/** Reads every packet, for whichever end; a program that is a Client and nothing else does with the smaller `ClientDecoder`. */
export class PacketDecoder extends StreamDecoder {
  protected override decodeOneWay(reader: PacketReader, type: OneWayType, firstByte: number): Packet {
    if (type === PacketType.Connect) return this.#decodeConnect(reader, firstByte)
    const version = this.version ?? 5
    switch (type) {
      case PacketType.Subscribe:
        return decodeSubscribe(reader, version)
      case PacketType.Unsubscribe:
        return decodeUnsubscribe(reader, version)
      case PacketType.Pingreq:
        return decodePing(type)
      default:
        return decodeAnswer(reader, type, version)
    }
  }

  #decodeConnect(reader: PacketReader, firstByte: number): Connect {
    if (this.isServer && this.version !== undefined) throw new ProtocolError('a second CONNECT', '[MQTT-3.1.0-2]')
    const connectVersion = decodeProtocolVersion(reader)
    // Known from here on, so that even a CONNECT that is malformed can be answered in its version.
    this.version ??= connectVersion
    if (connectVersion > 3) checkReservedFlags(firstByte)
    if (connectVersion === 5) this.checkLengthForm()
    const connect = decodeConnect(reader, connectVersion)
    const { authenticationMethod } = connect.properties
    if (this.isServer && authenticationMethod === undefined) this.receivable &= ~(1 << PacketType.Auth)
    return connect
  }
}

/**
 * Decodes one whole packet.
 *
 * @throws `MqttError` as {@link PacketDecoder.next}; a {@link MalformedPacketError} also when the bytes are not exactly one packet
 * @example
 * decodePacket(Uint8Array.of(0xc0, 0x00), { receiver: 'server', version: 5 }) // { type: PacketType.Pingreq }
 */
export function decodePacket(bytes: Uint8Array, options: PacketDecoderOptions): Packet {
  const decoder = new PacketDecoder({ topicNames: new TopicNames(1), ...options })
  decoder.push(bytes)
  const packet = decoder.next()
  if (packet === undefined) throw new MalformedPacketError('the bytes end inside the packet')
  if (decoder.next() !== undefined || decoder.isInsidePacket) throw new MalformedPacketError('more than one packet')
  return packet
}
