/** The packets that are decoded and encoded, each as both codecs want to have it. */
import { noProperties, type Packet, PacketType, type Publish, type PublishContent, type QoS } from '@curlew/codec'

export interface MeasuredPacket {
  readonly name: string
  readonly version: 4 | 5
  readonly packet: Packet
  /** The same for mqtt-packet, under its own names. */
  readonly peerPacket: Readonly<Record<string, unknown>>
}

export interface MeasuredPublish extends MeasuredPacket {
  readonly packet: Publish
  /** The same in the form that the broker keeps a message in. */
  readonly content: PublishContent
}

const topic = 'plant/4/line/2/motor/temperature'
const packetId = 4660

function publish(size: number, version: 4 | 5, qos: QoS): MeasuredPublish {
  const payload = new Uint8Array(size).fill(0x61)
  const packet = {
    type: PacketType.Publish,
    topic,
    payload,
    qos,
    retain: false,
    dup: false,
    packetId: qos === 0 ? 0 : packetId,
    properties: noProperties,
  } as const
  return {
    name: `PUBLISH ${size === 1024 ? '1 KiB' : `${size} B`}`,
    version,
    packet,
    content: { topic, bytes: payload, payloadStart: 0, payloadEnd: size, encodedProperties: new Uint8Array(0) },
    peerPacket: {
      ['cmd']: 'publish',
      topic,
      payload: Buffer.from(payload),
      qos,
      retain: false,
      dup: false,
      ['messageId']: packetId,
    },
  }
}

function subscribe(version: 4 | 5): MeasuredPacket {
  const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
  return {
    name: 'SUBSCRIBE',
    version,
    packet: {
      type: PacketType.Subscribe,
      packetId,
      subscriptions: [{ filter: 'plant/+/line/+/motor/#', ...options }],
      properties: noProperties,
    },
    peerPacket: {
      ['cmd']: 'subscribe',
      ['messageId']: packetId,
      subscriptions: [{ topic: 'plant/+/line/+/motor/#', qos: 1, ['nl']: false, ['rap']: false, ['rh']: 0 }],
    },
  }
}

function puback(version: 4 | 5): MeasuredPacket {
  return {
    name: 'PUBACK',
    version,
    packet: { type: PacketType.Puback, packetId, reasonCode: 0, properties: noProperties },
    peerPacket: { ['cmd']: 'puback', ['messageId']: packetId },
  }
}

export const publishes: readonly MeasuredPublish[] = [
  publish(16, 4, 1),
  publish(16, 5, 1),
  publish(1024, 4, 1),
  publish(1024, 5, 1),
]
export const others: readonly MeasuredPacket[] = [subscribe(4), subscribe(5), puback(4), puback(5)]
