import { MalformedPacketError, type Statement } from './errors.ts'
import { PacketType, packetTypeName } from './packet-type.ts'

/** What the first byte and Remaining Length of each packet type may be. A set of types is a number whose bit n stands for type n. */

function typeBits(names: (keyof typeof PacketType)[]): number {
  return names.reduce((bits, name) => bits | (1 << PacketType[name]), 0)
}

/** Whether a type is in a set of types. */
export function hasType(types: number, type: PacketType): boolean {
  return (types & (1 << type)) !== 0
}

/** The types that each receiver may get. */
export const receivable: Readonly<Record<'server' | 'client' | 'any', number>> = {
  server: typeBits([
    'Connect',
    'Publish',
    'Puback',
    'Pubrec',
    'Pubrel',
    'Pubcomp',
    'Subscribe',
    'Unsubscribe',
    'Pingreq',
    'Disconnect',
    'Auth',
  ]),
  client: typeBits([
    'Connack',
    'Publish',
    'Puback',
    'Pubrec',
    'Pubrel',
    'Pubcomp',
    'Suback',
    'Unsuback',
    'Pingresp',
    'Disconnect',
    'Auth',
  ]),
  any: 0xfffe,
}

/** Flags of the fixed header that are not zeros (table 2-2 of section 2.1.3); PUBLISH has some of its own. */
const reservedFlags: Partial<Record<PacketType, number>> = {
  [PacketType.Pubrel]: 2,
  [PacketType.Subscribe]: 2,
  [PacketType.Unsubscribe]: 2,
}

/** What says so where a packet has a statement of its own beside the general one. */
const flagStatements: Partial<Record<PacketType, Statement>> = {
  [PacketType.Pubrel]: '[MQTT-3.6.1-1]',
  [PacketType.Subscribe]: '[MQTT-3.8.1-1]',
  [PacketType.Unsubscribe]: '[MQTT-3.10.1-1]',
  [PacketType.Disconnect]: '[MQTT-3.14.1-1]',
  [PacketType.Auth]: '[MQTT-3.15.1-1]',
}

/** Packets that set a connection up: where they have no place, it does not matter what their flags are (ADR 0013). */
export const setUpPackets: number = typeBits(['Connect', 'Connack', 'Auth'])
/** Packets that have a fixed header and nothing else. */
export const emptyPackets: number = typeBits(['Pingreq', 'Pingresp'])

/** @throws {MalformedPacketError} when the low four bits are not those of the type; not for PUBLISH, which uses its own */
export function checkReservedFlags(firstByte: number): void {
  const type = (firstByte >> 4) as PacketType
  if ((firstByte & 15) === (reservedFlags[type] ?? 0)) return
  const statement = flagStatements[type] ?? '[MQTT-2.1.3-1]'
  throw new MalformedPacketError(`reserved flags of ${packetTypeName(type)} are wrong`, statement)
}
