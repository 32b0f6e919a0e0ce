import {
  type Packet,
  PacketType,
  type Properties,
  type ProtocolVersion,
  type UserProperty,
  type Will,
} from '@curlew/codec'
import { field, present, type Recorded } from './read.ts'

/** mqtt-packet's objects as our packets. */

/** @returns the bytes of a field that may be recorded as `{ $hex }`, as text or not at all */
function bytesIn(record: Recorded, name: string): Uint8Array {
  const value = field<{ $hex: string } | string>(record, name) ?? ''
  return typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.$hex, 'hex')
}

function textIn(record: Recorded, name: string): string {
  return Buffer.from(bytesIn(record, name)).toString()
}

/** @returns the version a packet was recorded in; mqtt-packet takes 3.1.1 where nothing says otherwise */
export function versionOf(record: Recorded): ProtocolVersion {
  const object = field<Recorded>(record, 'object') ?? {}
  const said = field<number>(field<Recorded>(record, 'opts') ?? {}, 'protocolVersion')
  return (said ?? field<number>(object, 'protocolVersion') ?? 4) as ProtocolVersion // only 3, 4 and 5 are recorded
}

export function fromMqttPacket(object: Recorded, version: ProtocolVersion): Packet {
  const type = Object.entries(PacketType).find(([name]) => name.toLowerCase() === object['cmd'])?.[1]
  const properties = version === 5 ? propertiesIn(object) : {}
  const packetId = field<number>(object, 'messageId') ?? 0
  const reasonCode = field<number>(object, 'reasonCode') ?? field<number>(object, 'returnCode') ?? 0
  const { qos, dup, retain } = object
  switch (type) {
    case PacketType.Connect:
      return connectIn(object, properties)
    case PacketType.Connack:
      return { type, sessionPresent: object['sessionPresent'] === true, reasonCode, properties }
    case PacketType.Publish: {
      const content = { topic: textIn(object, 'topic'), payload: bytesIn(object, 'payload') }
      return { type, ...content, qos, dup, retain, packetId, properties } as Packet
    }
    case PacketType.Subscribe:
      return {
        type,
        packetId,
        subscriptions: field<Recorded[]>(object, 'subscriptions')!.map(requestIn),
        properties,
      } as Packet
    case PacketType.Unsubscribe:
      return { type, packetId, filters: object['unsubscriptions'], properties } as Packet
    case PacketType.Suback:
    case PacketType.Unsuback:
      return { type, packetId, reasonCodes: object['granted'] ?? [], properties } as Packet
    case PacketType.Pingreq:
    case PacketType.Pingresp:
      return { type }
    case PacketType.Disconnect:
    case PacketType.Auth:
      return { type, reasonCode, properties } as Packet
    default:
      return { type, packetId, reasonCode, properties } as Packet
  }
}

function connectIn(object: Recorded, properties: Properties): Packet {
  const has = (name: string): boolean => field(object, name) !== undefined
  return {
    type: PacketType.Connect,
    protocolVersion: object['protocolVersion'],
    cleanStart: object['clean'],
    keepAlive: object['keepalive'],
    clientId: textIn(object, 'clientId'),
    will: has('will') ? willIn(field<Recorded>(object, 'will')!) : undefined,
    userName: has('username') ? textIn(object, 'username') : undefined,
    password: has('password') ? bytesIn(object, 'password') : undefined,
    properties,
  } as Packet
}

function willIn(will: Recorded): Will {
  const { qos, retain } = will
  return {
    topic: textIn(will, 'topic'),
    payload: bytesIn(will, 'payload'),
    qos,
    retain,
    properties: propertiesIn(will),
  } as Will
}

function requestIn(subscription: Recorded): object {
  return {
    filter: subscription['topic'],
    qos: subscription['qos'],
    noLocal: subscription['nl'] ?? false,
    retainAsPublished: subscription['rap'] ?? false,
    retainHandling: subscription['rh'] ?? 0,
  }
}

function propertiesIn(object: Recorded): Properties {
  const { payloadFormatIndicator, userProperties, subscriptionIdentifier, ...others } =
    field<Recorded>(object, 'properties') ?? {}
  const pairs = Object.entries((userProperties ?? {}) as Record<string, string | string[]>)
  const binary = ['authenticationData', 'correlationData'].filter(name => name in others)
  return present({
    ...others,
    ...Object.fromEntries(binary.map(name => [name, bytesIn(others, name)])),
    payloadFormatIndicator: payloadFormatIndicator === undefined ? undefined : payloadFormatIndicator ? 1 : 0,
    subscriptionIdentifiers: subscriptionIdentifier === undefined ? undefined : [subscriptionIdentifier].flat(),
    userProperties:
      pairs.length === 0
        ? undefined
        : pairs.flatMap(([name, values]) => [values].flat().map((value): UserProperty => [name, value])),
  }) as Properties
}
