import { PacketType, type ProtocolVersion } from './packet-type.ts'
import { type Connack, decodeConnack } from './packets/connack.ts'
import { decodePing, type Pingresp } from './packets/ping.ts'
import { decodeSuback, type Suback } from './packets/suback.ts'
import { decodeUnsuback, type Unsuback } from './packets/unsuback.ts'
import { PublishPropertiesMemory } from './publish-properties-memory.ts'
import type { PacketReader } from './reader.ts'
import { type OneWayType, type PacketDecoderOptions, StreamDecoder } from './stream-decoder.ts'

/** What only a Server sends. */
type Answer = Connack | Suback | Unsuback | Pingresp

/** Reads what a Client receives, and nothing else: in a web page the other packets would be dead weight. */
export class ClientDecoder extends StreamDecoder {
  protected override readonly propertiesMemory: PublishPropertiesMemory = new PublishPropertiesMemory()

  constructor(options: Omit<PacketDecoderOptions, 'receiver'>) {
    super({ ...options, receiver: 'client' })
  }

  protected override decodeOneWay(reader: PacketReader, type: OneWayType): Answer {
    return decodeAnswer(reader, type as Answer['type'], this.version ?? 5) // the others have been refused by their first byte
  }
}

/** Reads the body of a packet that only a Server sends. */
export function decodeAnswer(reader: PacketReader, type: Answer['type'], version: ProtocolVersion): Answer {
  switch (type) {
    case PacketType.Connack:
      return decodeConnack(reader, version)
    case PacketType.Suback:
      return decodeSuback(reader, version)
    case PacketType.Unsuback:
      return decodeUnsuback(reader, version)
    case PacketType.Pingresp:
      return decodePing(type)
    default:
      return type satisfies never
  }
}
