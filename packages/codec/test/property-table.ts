import { frame, withPropertyLength } from './frame.ts'

/** Where properties may stand, with the rest of a packet around them. */
export interface Place {
  readonly name: string
  readonly packet: (properties: string) => Uint8Array
}

const place = (name: string, firstByte: string, before: string, after: string): Place => ({
  name,
  packet: properties => frame(firstByte, `${before} ${withPropertyLength(properties)} ${after}`),
})

/** One place for each column of the specification's table 2-4. */
export const places = {
  CONNECT: place('CONNECT', '10', "0004 'MQTT' 05 02 0000", '0000'),
  Will: place('a Will', '10', "0004 'MQTT' 05 06 0000 00 0000", "0001 'w' 0000"),
  CONNACK: place('CONNACK', '20', '00 00', ''),
  PUBLISH: place('PUBLISH', '30', "0001 'a'", ''),
  PUBACK: place('PUBACK', '40', '0001 00', ''),
  PUBREC: place('PUBREC', '50', '0001 00', ''),
  PUBREL: place('PUBREL', '62', '0001 00', ''),
  PUBCOMP: place('PUBCOMP', '70', '0001 00', ''),
  SUBSCRIBE: place('SUBSCRIBE', '82', '0001', "0001 'a' 00"),
  SUBACK: place('SUBACK', '90', '0001', '00'),
  UNSUBSCRIBE: place('UNSUBSCRIBE', 'a2', '0001', "0001 'a'"),
  UNSUBACK: place('UNSUBACK', 'b0', '0001', '00'),
  DISCONNECT: place('DISCONNECT', 'e0', '00', ''),
  AUTH: place('AUTH', 'f0', '18', ''),
} as const satisfies Record<string, Place>
export type PlaceName = keyof typeof places

export interface PropertyRow {
  readonly name: string
  /** Its identifier and a value it may have. */
  readonly bytes: string
  readonly places: readonly PlaceName[]
  /** What must stand beside it for the packet to be allowed. */
  readonly beside?: string
}

const acknowledgements = ['PUBACK', 'PUBREC', 'PUBREL', 'PUBCOMP', 'SUBACK', 'UNSUBACK'] as const
const message = ['PUBLISH', 'Will'] as const
const method = "15 0003 'otp'"

/** Table 2-4 of section 2.2.2.2. */
export const propertyTable: readonly PropertyRow[] = [
  { name: 'Payload Format Indicator', bytes: '01 01', places: message },
  { name: 'Message Expiry Interval', bytes: '02 00000000', places: message },
  { name: 'Content Type', bytes: "03 0001 'c'", places: message },
  { name: 'Response Topic', bytes: "08 0001 'r'", places: message },
  { name: 'Correlation Data', bytes: '09 0001 ff', places: message },
  { name: 'Subscription Identifier', bytes: '0b 01', places: ['PUBLISH', 'SUBSCRIBE'] },
  { name: 'Session Expiry Interval', bytes: '11 00000000', places: ['CONNECT', 'CONNACK', 'DISCONNECT'] },
  { name: 'Assigned Client Identifier', bytes: "12 0001 'c'", places: ['CONNACK'] },
  { name: 'Server Keep Alive', bytes: '13 0000', places: ['CONNACK'] },
  { name: 'Authentication Method', bytes: method, places: ['CONNECT', 'CONNACK', 'AUTH'] },
  { name: 'Authentication Data', bytes: '16 0001 ff', places: ['CONNECT', 'CONNACK', 'AUTH'], beside: method },
  { name: 'Request Problem Information', bytes: '17 01', places: ['CONNECT'] },
  { name: 'Will Delay Interval', bytes: '18 00000000', places: ['Will'] },
  { name: 'Request Response Information', bytes: '19 01', places: ['CONNECT'] },
  { name: 'Response Information', bytes: "1a 0001 'r'", places: ['CONNACK'] },
  { name: 'Server Reference', bytes: "1c 0001 's'", places: ['CONNACK', 'DISCONNECT'] },
  {
    name: 'Reason String',
    bytes: "1f 0001 'r'",
    places: ['CONNACK', ...acknowledgements, 'DISCONNECT', 'AUTH'],
    beside: method,
  },
  { name: 'Receive Maximum', bytes: '21 0001', places: ['CONNECT', 'CONNACK'] },
  { name: 'Topic Alias Maximum', bytes: '22 0000', places: ['CONNECT', 'CONNACK'] },
  { name: 'Topic Alias', bytes: '23 0001', places: ['PUBLISH'] },
  { name: 'Maximum QoS', bytes: '24 01', places: ['CONNACK'] },
  { name: 'Retain Available', bytes: '25 01', places: ['CONNACK'] },
  {
    name: 'User Property',
    bytes: "26 0001 'k' 0001 'v'",
    places: [...message, ...acknowledgements, 'CONNECT', 'CONNACK', 'SUBSCRIBE', 'UNSUBSCRIBE', 'DISCONNECT', 'AUTH'],
    beside: method,
  },
  { name: 'Maximum Packet Size', bytes: '27 00000001', places: ['CONNECT', 'CONNACK'] },
  { name: 'Wildcard Subscription Available', bytes: '28 00', places: ['CONNACK'] },
  { name: 'Subscription Identifiers Available', bytes: '29 00', places: ['CONNACK'] },
  { name: 'Shared Subscription Available', bytes: '2a 00', places: ['CONNACK'] },
]

/** @returns what must stand beside a property in this place: AUTH always needs its method, CONNECT for Authentication Data */
export function besideIn(row: PropertyRow, name: PlaceName): string {
  const isNeeded = name === 'AUTH' || (name === 'CONNECT' && row.name === 'Authentication Data')
  return isNeeded && row.bytes !== method ? method : ''
}
