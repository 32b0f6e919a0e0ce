import { type Connect, type Packet, PacketType, type Publish, packetTypeName, type Will } from '@curlew/codec'

/** What kind of client one is. */
export interface ClientProfile {
  readonly name: string
  readonly version: 4 | 5
  /** Whether its Session outlives its connections. */
  readonly isPersistent: boolean
  /** Seconds. */
  readonly keepAlive: number
  /** Of 5.0: Receive Maximum. */
  readonly receiveMaximum: number
  /** Milliseconds before it acknowledges, at most. */
  readonly answerMaxMs: number
  /** Milliseconds between a lost connection and the next attempt, at most. */
  readonly reconnectMaxMs: number
}

/** Seconds that a Session is kept: longer than any simulation with all its jumps of the clock. */
export const SESSION_EXPIRY_INTERVAL = 7 * 86_400

/** @param expiryInterval seconds; of 5.0 only */
export function connectPacketOf(
  { version, name, keepAlive, receiveMaximum }: ClientProfile,
  will: Will | undefined,
  cleanStart: boolean,
  expiryInterval: number,
): Connect {
  const properties =
    version === 5 ? { receiveMaximum, ...(expiryInterval > 0 && { sessionExpiryInterval: expiryInterval }) } : {}
  return {
    type: PacketType.Connect,
    protocolVersion: version,
    cleanStart,
    keepAlive,
    clientId: name,
    will,
    userName: undefined,
    password: undefined,
    properties,
  }
}

/** A packet as people read it in a trace. */
export function textOf(packet: Packet): string {
  const id = 'packetId' in packet ? packet.packetId : ''
  return `${packetTypeName(packet.type)} ${id} ${packet.type === PacketType.Publish ? contentOf(packet) : ''}`
}

function contentOf({ topic, payload, qos, dup, retain }: Publish): string {
  const flags = `${dup ? ' DUP' : ''}${retain ? ' RETAIN' : ''}`
  return `'${topic}' '${Buffer.from(payload).toString('latin1').slice(0, 24).trim()}' QoS ${qos}${flags}`
}
