/** Encoding: into a buffer of its own, as `generate()` does, and into a buffer that is used again, as the broker does. */
import { encodePacket, PacketWriter, type PublishHeader, writePublish } from '@curlew/codec'
import type { Comparison, Work } from './measure.ts'
import type { MqttPacket, PeerStream } from './mqtt-packet.ts'
import { type MeasuredPacket, type MeasuredPublish, others, publishes } from './packets.ts'

/** Packets that go into the reused buffer before it is emptied: one turn's output. */
const PACKETS_PER_TURN = 64

export function encodeComparisons(mqttPacket: MqttPacket): Comparison[] {
  const line = (name: string, { version }: MeasuredPacket, curlew: Work, peer: Work): Comparison => ({
    name: `encode ${name}`,
    version,
    curlew,
    peer,
  })
  const owned = [...publishes, ...others].map(each =>
    line(each.name, each, encodeOwned(each), generateWithPeer(mqttPacket, each)),
  )
  const reused = publishes.map(each =>
    line(`${each.name}, writer against generate`, each, encodeIntoWriter(each), generateWithPeer(mqttPacket, each)),
  )
  const streamed = publishes.map(each =>
    line(`${each.name}, writer against stream`, each, encodeIntoWriter(each), writeWithPeer(mqttPacket, each)),
  )
  return [...owned, ...reused, ...streamed]
}

function encodeOwned({ packet, version }: MeasuredPacket): Work {
  return count => {
    let size = 0
    for (let done = 0; done < count; done++) size += encodePacket(packet, version).length
    return size
  }
}

function encodeIntoWriter({ packet, content, version }: MeasuredPublish): Work {
  const writer = new PacketWriter(1 << 17)
  const header: PublishHeader = {
    qos: packet.qos,
    dup: false,
    retain: false,
    packetId: packet.packetId,
    topicAlias: 0,
    omitsTopic: false,
    messageExpiryInterval: undefined,
    subscriptionIdentifiers: [],
  }
  return count => {
    let size = 0
    for (let done = 0; done < count; done++) {
      if (done % PACKETS_PER_TURN === 0) writer.position = 0
      writePublish(writer, content, header, version)
      size += writer.position
    }
    return size
  }
}

function generateWithPeer(mqttPacket: MqttPacket, { peerPacket, version }: MeasuredPacket): Work {
  const options = { protocolVersion: version }
  return count => {
    let size = 0
    for (let done = 0; done < count; done++) size += mqttPacket.generate(peerPacket, options).length
    return size
  }
}

/** As MQTT.js and aedes write, but to a stream that only counts. */
function writeWithPeer(mqttPacket: MqttPacket, { peerPacket, version }: MeasuredPacket): Work {
  const options = { protocolVersion: version }
  let size = 0
  const stream: PeerStream = {
    write: chunk => {
      size += chunk.length
      return true
    },
    destroy: error => {
      throw error ?? new Error('destroyed')
    },
  }
  return count => {
    size = 0
    for (let done = 0; done < count; done++) mqttPacket.writeToStream(peerPacket, stream, options)
    return size
  }
}
