import { type Packet, PacketType, type Properties, type ProtocolVersion } from '@curlew/codec'
import { field, present, type Recorded } from './read.ts'

/** mochi-mqtt's packets, where absent and zero look alike unless a flag beside them tells, as our packets. */

const bytes = (record: Recorded, name: string): Uint8Array => Buffer.from(field<string>(record, name) ?? '', 'base64')
const text = (record: Recorded, name: string): string => bytes(record, name).toString()
const nonZero = (record: Recorded, name: string): number | undefined => field<number>(record, name) || undefined
const nonEmpty = (record: Recorded, name: string): string | undefined => field<string>(record, name) || undefined

/** @returns the version a packet was recorded in; mochi leaves 0 where all of 3.1.1 and before is meant */
export function versionOf(record: Recorded): ProtocolVersion {
  return (nonZero(record, 'version') ?? 4) as ProtocolVersion // only 3, 4 and 5 are recorded with bytes
}

export function fromMochi(packet: Recorded, type: number, version: ProtocolVersion): Packet {
  const header = field<Recorded>(packet, 'FixedHeader')!
  const { PacketID: packetId, ReasonCode: reasonCode } = packet
  const properties = version === 5 ? propertiesIn(field<Recorded>(packet, 'Properties') ?? {}) : {}
  const filters = field<Recorded[]>(packet, 'Filters') ?? []
  switch (type) {
    case PacketType.Connect:
      return connectIn(field<Recorded>(packet, 'Connect')!, packet, properties)
    case PacketType.Connack:
      return { type, sessionPresent: packet['SessionPresent'], reasonCode, properties } as Packet
    case PacketType.Publish: {
      const { qos, dup, retain } = header
      const content = { topic: packet['TopicName'], payload: bytes(packet, 'Payload') }
      return { type, ...content, qos, dup, retain, packetId, properties } as Packet
    }
    case PacketType.Subscribe:
      return { type, packetId, subscriptions: filters.map(requestIn), properties } as Packet
    case PacketType.Unsubscribe:
      return { type, packetId, filters: filters.map(filter => filter['Filter']), properties } as Packet
    case PacketType.Suback:
    case PacketType.Unsuback:
      return { type, packetId, reasonCodes: [...bytes(packet, 'ReasonCodes')], properties } as Packet
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

function connectIn(connect: Recorded, packet: Recorded, properties: Properties): Packet {
  const will = {
    topic: connect['willTopic'],
    payload: bytes(connect, 'willPayload'),
    qos: connect['willQos'],
    retain: connect['willRetain'],
    properties: propertiesIn(field<Recorded>(connect, 'willProperties') ?? {}),
  }
  return {
    type: PacketType.Connect,
    protocolVersion: packet['ProtocolVersion'],
    cleanStart: connect['clean'],
    keepAlive: connect['keepalive'],
    clientId: connect['clientId'],
    will: connect['willFlag'] ? will : undefined,
    userName: connect['usernameFlag'] ? text(connect, 'username') : undefined,
    password: connect['passwordFlag'] ? bytes(connect, 'password') : undefined,
    properties,
  } as Packet
}

function requestIn(filter: Recorded): object {
  return {
    filter: filter['Filter'],
    qos: filter['Qos'],
    noLocal: filter['NoLocal'],
    retainAsPublished: filter['RetainAsPublished'],
    retainHandling: filter['RetainHandling'],
  }
}

function propertiesIn(p: Recorded): Properties {
  const flagged = <T>(flag: string, name: string): T | undefined => (p[flag] ? field<T>(p, name) : undefined)
  const isSet = (flag: string, name: string): boolean | undefined => (p[flag] ? p[name] === 1 : undefined)
  const user = field<{ k: string; v: string }[]>(p, 'user')
  const asked = nonZero(p, 'rri')
  return present({
    correlationData: nonEmpty(p, 'cd') === undefined ? undefined : bytes(p, 'cd'),
    subscriptionIdentifiers: field<number[]>(p, 'si'),
    authenticationData: nonEmpty(p, 'ad') === undefined ? undefined : bytes(p, 'ad'),
    userProperties: user?.map(({ k, v }) => [k, v] as const),
    contentType: nonEmpty(p, 'ct'),
    responseTopic: nonEmpty(p, 'rt'),
    assignedClientIdentifier: nonEmpty(p, 'aci'),
    authenticationMethod: nonEmpty(p, 'am'),
    responseInformation: nonEmpty(p, 'ri'),
    serverReference: nonEmpty(p, 'sr'),
    reasonString: nonEmpty(p, 'rs'),
    messageExpiryInterval: nonZero(p, 'me'),
    sessionExpiryInterval: flagged<number>('fsei', 'sei'),
    willDelayInterval: nonZero(p, 'wdi'),
    maximumPacketSize: nonZero(p, 'mps'),
    serverKeepAlive: flagged<number>('fska', 'ska'),
    receiveMaximum: nonZero(p, 'rm'),
    topicAliasMaximum: nonZero(p, 'tam'),
    topicAlias: flagged<number>('fta', 'ta'),
    payloadFormatIndicator: flagged<0 | 1>('fpf', 'pf'),
    requestProblemInformation: isSet('frpi', 'rpi'),
    requestResponseInformation: asked === undefined ? undefined : asked === 1,
    maximumQoS: flagged<0 | 1>('fmqos', 'mqos'),
    retainAvailable: isSet('fra', 'ra'),
    wildcardSubscriptionAvailable: isSet('fwsa', 'wsa'),
    subscriptionIdentifiersAvailable: isSet('fsida', 'sida'),
    sharedSubscriptionAvailable: isSet('fssa', 'ssa'),
  })
}
