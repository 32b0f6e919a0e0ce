import { type Packet, PacketType, type Publish, type PublishAck, packetTypeName } from '@curlew/codec'

/**
 * A packet from the broker in one line, so that tests can write down what they expect:
 *
 *     CONNACK 00                          CONNACK 00 session-present
 *     PUBLISH a/b 'hello'                 PUBLISH a/b 'hello' qos 1 id 7 dup retain {"contentType":"text/plain"}
 *     PUBACK 7                            PUBACK 7 10
 *     SUBACK 1 00 02 8f                   DISCONNECT 8e
 *
 * Codes are two hex digits. Of the properties only those of PUBLISH are shown; tests of others look at the packet. A payload
 * of more than 40 bytes is shown by its length.
 */
export function packetText(packet: Packet): string {
  const name = packetTypeName(packet.type)
  switch (packet.type) {
    case PacketType.Connack:
      return `${name} ${hex(packet.reasonCode)}${packet.sessionPresent ? ' session-present' : ''}`
    case PacketType.Publish:
      return publishText(packet)
    case PacketType.Puback:
    case PacketType.Pubrec:
    case PacketType.Pubrel:
    case PacketType.Pubcomp:
      return ackText(name, packet)
    case PacketType.Suback:
    case PacketType.Unsuback:
      return [name, packet.packetId, ...packet.reasonCodes.map(hex)].join(' ')
    case PacketType.Disconnect:
      return `${name} ${hex(packet.reasonCode)}`
    default:
      return name
  }
}

function publishText({ topic, payload, qos, packetId, dup, retain, properties }: Publish): string {
  const shown = payload.length > 40 ? `<${payload.length} bytes>` : `'${Buffer.from(payload).toString()}'`
  const words = [`PUBLISH ${topic} ${shown}`]
  if (qos > 0) words.push(`qos ${qos} id ${packetId}`)
  if (dup) words.push('dup')
  if (retain) words.push('retain')
  const present = JSON.stringify(properties, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  )
  if (present !== '{}') words.push(present)
  return words.join(' ')
}

function ackText(name: string, { packetId, reasonCode }: PublishAck): string {
  return reasonCode === 0 ? `${name} ${packetId}` : `${name} ${packetId} ${hex(reasonCode)}`
}

function hex(code: number): string {
  return code.toString(16).padStart(2, '0')
}
