/** The Control Packet types with the numbers they have on the wire, table 2-1 of section 2.1.2. */
export const PacketType = {
  Connect: 1,
  Connack: 2,
  Publish: 3,
  Puback: 4,
  Pubrec: 5,
  Pubrel: 6,
  Pubcomp: 7,
  Subscribe: 8,
  Suback: 9,
  Unsubscribe: 10,
  Unsuback: 11,
  Pingreq: 12,
  Pingresp: 13,
  Disconnect: 14,
  Auth: 15,
} as const
export type PacketType = (typeof PacketType)[keyof typeof PacketType]

/** The Protocol Version byte of CONNECT: 3 is MQTT 3.1, 4 is MQTT 3.1.1, 5 is MQTT 5.0. */
export type ProtocolVersion = 3 | 4 | 5

/** At most once, at least once, exactly once: section 4.3. */
export type QoS = 0 | 1 | 2

export function isQoS(value: number): value is QoS {
  return value === 0 || value === 1 || value === 2
}

const names = new Map<number, string>(Object.entries(PacketType).map(([name, type]) => [type, name.toUpperCase()]))

/** @returns the name of a Control Packet type as the specification writes it, such as `PUBACK` */
export function packetTypeName(type: number): string {
  return names.get(type) ?? `packet type ${type}`
}
