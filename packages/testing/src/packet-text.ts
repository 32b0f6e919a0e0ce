import { type Packet, PacketType, packetTypeName, reasonCodeName } from '@curlew/codec'

/** Longer payloads are shown by their length, in characters. */
const SHOWN_MAX = 60

/**
 * A packet in one line, for people and for comparisons:
 *
 *     CONNECT 5 kettle clean-start           PUBLISH home/kitchen "21.5" qos 1 id 7 retain
 *     SUBSCRIBE 2 home/+ qos 1               SUBACK 2 Granted QoS 1
 *
 * @param topic of a PUBLISH, where a Topic Alias stands for it
 */
export function packetText(packet: Packet, topic = ''): string {
  const name = packetTypeName(packet.type)
  switch (packet.type) {
    case PacketType.Connect:
      return `${name} ${packet.protocolVersion} ${packet.clientId}${packet.cleanStart ? ' clean-start' : ''}`
    case PacketType.Connack:
      return `${name} ${reasonCodeName(packet.reasonCode)}${packet.sessionPresent ? ' session-present' : ''}`
    case PacketType.Publish: {
      const { payload, qos, packetId, dup, retain } = packet
      const words = [`${name} ${topic} ${payloadText(payload)}`]
      if (qos > 0) words.push(`qos ${qos} id ${packetId}`)
      if (dup) words.push('dup')
      if (retain) words.push('retain')
      return words.join(' ')
    }
    case PacketType.Puback:
    case PacketType.Pubrec:
    case PacketType.Pubrel:
    case PacketType.Pubcomp:
      return [name, packet.packetId, ...(packet.reasonCode === 0 ? [] : [reasonCodeName(packet.reasonCode)])].join(' ')
    case PacketType.Subscribe:
      return `${name} ${packet.packetId} ${packet.subscriptions.map(({ filter, qos }) => `${filter} qos ${qos}`).join(', ')}`
    case PacketType.Unsubscribe:
      return `${name} ${packet.packetId} ${packet.filters.join(', ')}`
    case PacketType.Suback:
      return `${name} ${packet.packetId} ${packet.reasonCodes.map(grantText).join(', ')}`
    case PacketType.Unsuback:
      return `${name} ${packet.packetId} ${packet.reasonCodes.map(code => reasonCodeName(code)).join(', ')}`.trim()
    case PacketType.Disconnect:
    case PacketType.Auth:
      return `${name} ${reasonCodeName(packet.reasonCode)}`
    case PacketType.Pingreq:
    case PacketType.Pingresp:
      return name
    default:
      return packet satisfies never
  }
}

/** Reason Code 0 means something else in SUBACK than elsewhere. */
function grantText(reasonCode: number): string {
  return reasonCode <= 2 ? `Granted QoS ${reasonCode}` : reasonCodeName(reasonCode)
}

function payloadText(payload: Uint8Array): string {
  return payload.length > SHOWN_MAX ? `<${payload.length} bytes>` : JSON.stringify(Buffer.from(payload).toString())
}
