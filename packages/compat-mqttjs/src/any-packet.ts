import { type Packet as ControlPacket, noProperties, PacketType, type Properties } from '@curlew/codec'
import { bufferOf, fromProperties, type IPublishPacket, type Packet } from './packets.ts'

/** Any packet as MQTT.js hands it to the listeners of `packetsend` and `packetreceive`. */
export type AnyPacket = Packet | IPublishPacket

/** What a packet of ours is in MQTT.js; properties, reason codes and options of 5.0 are there in 5.0 only. */
export function anyPacketOf(packet: ControlPacket, protocolVersion: number): AnyPacket {
  const isFive = protocolVersion === 5
  const more = isFive ? propertiesOf(packet) : {}
  switch (packet.type) {
    case PacketType.Connect: {
      const { cleanStart, clientId, keepAlive, userName, password, will } = packet
      return {
        cmd: 'connect',
        protocolId: protocolVersion === 3 ? 'MQIsdp' : 'MQTT',
        protocolVersion,
        clean: cleanStart,
        clientId,
        keepalive: keepAlive,
        ...(userName !== undefined && { username: userName }),
        ...(password && { password: bufferOf(password) }),
        ...(will && {
          will: { ...will, payload: bufferOf(will.payload), properties: fromProperties(will.properties) },
        }),
        ...more,
      }
    }
    case PacketType.Connack: {
      const { sessionPresent, reasonCode } = packet
      return { cmd: 'connack', sessionPresent, ...(isFive ? { reasonCode } : { returnCode: reasonCode }), ...more }
    }
    case PacketType.Publish: {
      const { topic, payload, qos, retain, dup, packetId } = packet
      const identifier = qos > 0 ? { messageId: packetId } : {}
      return { cmd: 'publish', topic, payload: bufferOf(payload), qos, retain, dup, ...identifier, ...more }
    }
    case PacketType.Puback:
    case PacketType.Pubrec:
    case PacketType.Pubrel:
    case PacketType.Pubcomp: {
      const { type, packetId, reasonCode } = packet
      return { cmd: acknowledgements[type], messageId: packetId, ...(isFive && { reasonCode }), ...more }
    }
    case PacketType.Subscribe: {
      const subscriptions = packet.subscriptions.map(({ filter, qos, noLocal, retainAsPublished, retainHandling }) => ({
        topic: filter,
        qos,
        ...(isFive && { nl: noLocal, rap: retainAsPublished, rh: retainHandling }),
      }))
      return { cmd: 'subscribe', messageId: packet.packetId, subscriptions, ...more }
    }
    case PacketType.Suback:
      return { cmd: 'suback', messageId: packet.packetId, granted: [...packet.reasonCodes], ...more }
    case PacketType.Unsubscribe:
      return { cmd: 'unsubscribe', messageId: packet.packetId, unsubscriptions: [...packet.filters], ...more }
    case PacketType.Unsuback:
      return {
        cmd: 'unsuback',
        messageId: packet.packetId,
        ...(isFive && { granted: [...packet.reasonCodes] }),
        ...more,
      }
    case PacketType.Pingreq:
      return { cmd: 'pingreq' }
    case PacketType.Pingresp:
      return { cmd: 'pingresp' }
    case PacketType.Disconnect:
    case PacketType.Auth: {
      const cmd = packet.type === PacketType.Auth ? 'auth' : 'disconnect'
      return { cmd, ...(isFive && { reasonCode: packet.reasonCode }), ...more }
    }
    default:
      return packet satisfies never
  }
}

const acknowledgements = {
  [PacketType.Puback]: 'puback',
  [PacketType.Pubrec]: 'pubrec',
  [PacketType.Pubrel]: 'pubrel',
  [PacketType.Pubcomp]: 'pubcomp',
} as const

function propertiesOf(packet: ControlPacket): { properties?: ReturnType<typeof fromProperties> } {
  const properties: Properties = 'properties' in packet ? packet.properties : noProperties
  const found = fromProperties(properties)
  return Object.keys(found).length > 0 ? { properties: found } : {}
}
