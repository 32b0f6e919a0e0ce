/** Decoding: the same chunks of many packets go to both codecs. */
import { type DecodedPublish, encodePacket, PacketDecoder, PacketType } from '@curlew/codec'
import type { Comparison, Work } from './measure.ts'
import type { MqttPacket, PeerPacket } from './mqtt-packet.ts'
import { type MeasuredPacket, others, publishes } from './packets.ts'

/** Packets in one chunk: about what a busy socket hands over in one read of 64 KiB when they have 1 KiB. */
const PACKETS_PER_CHUNK = 64

export function decodeComparisons(mqttPacket: MqttPacket): Comparison[] {
  const line = (name: string, measured: MeasuredPacket, curlew: Work): Comparison => ({
    name: `decode ${measured.name}${name}`,
    version: measured.version,
    curlew,
    peer: decodeWithPeer(mqttPacket, measured),
  })
  return [
    ...publishes.map(each => line('', each, decodeWithView(each))),
    ...publishes.map(each => line(', offsets only', each, decodeInPlace(each))),
    ...others.map(each => line('', each, decodeInPlace(each))),
  ]
}

function chunkOf({ packet, version }: MeasuredPacket): Buffer {
  return Buffer.concat(Array<Uint8Array>(PACKETS_PER_CHUNK).fill(encodePacket(packet, version)))
}

/** Topic Name and a view of the payload: what a client library's user sees. */
function decodeWithView(measured: MeasuredPacket): Work {
  const chunk = chunkOf(measured)
  const decoder = new PacketDecoder({ receiver: 'any', version: measured.version })
  return count => {
    let seen = 0
    for (let done = 0; done < count; done += PACKETS_PER_CHUNK) {
      decoder.push(chunk)
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
        if (packet.type === PacketType.Publish) seen += packet.topic.length + packet.payload.length
      }
    }
    return seen
  }
}

/** Topic Name and the payload's offsets: the broker's way. */
function decodeInPlace(measured: MeasuredPacket): Work {
  const chunk = chunkOf(measured)
  const decoder = new PacketDecoder({ receiver: 'any', version: measured.version })
  return count => {
    let seen = 0
    for (let done = 0; done < count; done += PACKETS_PER_CHUNK) {
      decoder.push(chunk)
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
        if (packet.type !== PacketType.Publish) seen++
        else seen += packet.topic.length + (packet as DecodedPublish).payloadEnd
      }
    }
    return seen
  }
}

function decodeWithPeer(mqttPacket: MqttPacket, measured: MeasuredPacket): Work {
  const chunk = chunkOf(measured)
  let seen = 0
  const parser = mqttPacket.parser({ protocolVersion: measured.version })
  parser.on('packet', ({ topic, payload }: PeerPacket) => {
    seen += payload === null ? 1 : topic!.length + payload.length
  })
  parser.on('error', error => {
    throw error
  })
  return count => {
    seen = 0
    for (let done = 0; done < count; done += PACKETS_PER_CHUNK) parser.parse(chunk)
    return seen
  }
}
