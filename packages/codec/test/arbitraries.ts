import {
  type Auth,
  type Connack,
  type Connect,
  type Disconnect,
  type Packet,
  PacketType,
  type ProtocolVersion,
  type Publish,
  type PublishAck,
  type PublishAckType,
  type QoS,
  type ReasonCode,
  type Suback,
  type Subscribe,
  type SubscriptionRequest,
  type Unsuback,
  type Unsubscribe,
} from '@curlew/codec'
import fc from 'fast-check'
import { propertiesIn } from './property-arbitraries.ts'
import { bytes, filter, packetId, text, topicName, twoBytes } from './value-arbitraries.ts'

/** Packets that can be written and read back, each with what its version has and nothing else. */

const qos: fc.Arbitrary<QoS> = fc.constantFrom(0, 1, 2)

/** What MQTT 3.1 and 3.1.1 leave out, as the decoder fills it in. */
const none = fc.constant({})

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined })

export function connect(version: ProtocolVersion): fc.Arbitrary<Connect> {
  const will = fc.record({
    topic: topicName,
    payload: bytes,
    qos,
    retain: fc.boolean(),
    properties: version === 5 ? propertiesIn.will : none,
  })
  const packet = fc.record({
    type: fc.constant(PacketType.Connect),
    protocolVersion: fc.constant(version),
    cleanStart: fc.boolean(),
    keepAlive: twoBytes,
    clientId: text,
    will: maybe(will),
    userName: maybe(text),
    password: maybe(bytes),
    properties: version === 5 ? propertiesIn.connect : none,
  })
  if (version === 5) return packet
  return packet.map(each => ({ ...each, password: each.userName === undefined ? undefined : each.password }))
}

export function connack(version: ProtocolVersion): fc.Arbitrary<Connack> {
  const refusals = version === 5 ? [0x80, 0x81, 0x87, 0x95, 0x9f] : [1, 2, 3, 4, 5]
  const answer = fc.oneof(
    fc.record({ sessionPresent: version === 3 ? fc.constant(false) : fc.boolean(), reasonCode: fc.constant(0) }),
    fc.record({ sessionPresent: fc.constant(false), reasonCode: fc.constantFrom(...refusals) }),
  )
  const properties = version === 5 ? propertiesIn.connack : none
  return fc.tuple(answer, properties).map(([said, also]) => ({ type: PacketType.Connack, ...said, properties: also }))
}

export function publish(version: ProtocolVersion): fc.Arbitrary<Publish> {
  const delivery = fc.oneof(
    fc.constant({ qos: 0, dup: false, packetId: 0 } as const),
    fc.record({ qos: fc.constantFrom(1, 2), dup: fc.boolean(), packetId }),
  )
  const content = fc.record({
    type: fc.constant(PacketType.Publish),
    topic: topicName,
    payload: fc.uint8Array({ maxLength: 200 }),
    retain: fc.boolean(),
    properties: version === 5 ? propertiesIn.publish : none,
  })
  return fc.tuple(content, delivery, fc.boolean()).map(([packet, way, omitsTopic]) => ({
    ...packet,
    ...way,
    topic: omitsTopic && 'topicAlias' in packet.properties ? '' : packet.topic,
  }))
}

const acknowledgementCodes: Record<PublishAckType, readonly ReasonCode[]> = {
  [PacketType.Puback]: [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
  [PacketType.Pubrec]: [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
  [PacketType.Pubrel]: [0x00, 0x92],
  [PacketType.Pubcomp]: [0x00, 0x92],
}

export function publishAck(type: PublishAckType, version: ProtocolVersion): fc.Arbitrary<PublishAck> {
  return fc.record({
    type: fc.constant(type),
    packetId,
    reasonCode: version === 5 ? fc.constantFrom(...acknowledgementCodes[type]) : fc.constant(0),
    properties: version === 5 ? propertiesIn.acknowledgement : none,
  }) as fc.Arbitrary<PublishAck> // `type` decides which of the four alike it is
}

function request(version: ProtocolVersion): fc.Arbitrary<SubscriptionRequest> {
  if (version < 5) {
    const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
    return fc.record({ filter, qos }).map(each => ({ ...each, ...options }))
  }
  const options = fc.record({
    filter,
    qos,
    noLocal: fc.boolean(),
    retainAsPublished: fc.boolean(),
    retainHandling: fc.constantFrom(0, 1, 2),
  })
  return options.map(each => ({ ...each, noLocal: each.noLocal && !each.filter.startsWith('$share/') }))
}

export function subscribe(version: ProtocolVersion): fc.Arbitrary<Subscribe> {
  return fc.record({
    type: fc.constant(PacketType.Subscribe),
    packetId,
    subscriptions: fc.array(request(version), { minLength: 1, maxLength: 5 }),
    properties: version === 5 ? propertiesIn.subscribe : none,
  })
}

export function suback(version: ProtocolVersion): fc.Arbitrary<Suback> {
  const codes = version === 5 ? ([0, 1, 2, 0x80, 0x87, 0xa2] as const) : ([0, 1, 2, 0x80] as const)
  return fc.record({
    type: fc.constant(PacketType.Suback),
    packetId,
    reasonCodes: fc.array(fc.constantFrom<ReasonCode[]>(...codes), { minLength: 1, maxLength: 5 }),
    properties: version === 5 ? propertiesIn.acknowledgement : none,
  })
}

export function unsubscribe(version: ProtocolVersion): fc.Arbitrary<Unsubscribe> {
  return fc.record({
    type: fc.constant(PacketType.Unsubscribe),
    packetId,
    filters: fc.array(filter, { minLength: 1, maxLength: 5 }),
    properties: version === 5 ? propertiesIn.unsubscribe : none,
  })
}

export function unsuback(version: ProtocolVersion): fc.Arbitrary<Unsuback> {
  const codes = fc.constantFrom<ReasonCode[]>(0x00, 0x11, 0x80, 0x87)
  return fc.record({
    type: fc.constant(PacketType.Unsuback),
    packetId,
    reasonCodes: version === 5 ? fc.array(codes, { minLength: 1, maxLength: 5 }) : fc.constant([]),
    properties: version === 5 ? propertiesIn.acknowledgement : none,
  })
}

export function disconnect(version: ProtocolVersion): fc.Arbitrary<Disconnect> {
  return fc.record({
    type: fc.constant(PacketType.Disconnect),
    reasonCode: version === 5 ? fc.constantFrom<ReasonCode[]>(0x00, 0x04, 0x81, 0x8e, 0xa0) : fc.constant(0),
    properties: version === 5 ? propertiesIn.disconnect : none,
  })
}

export const auth: fc.Arbitrary<Auth> = fc.record({
  type: fc.constant(PacketType.Auth),
  reasonCode: fc.constantFrom(0x00, 0x18, 0x19),
  properties: propertiesIn.auth,
})

/** Any packet that `version` has, whichever end sends it. */
export function packet(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const { Puback, Pubrec, Pubrel, Pubcomp, Pingreq, Pingresp } = PacketType
  return fc.oneof<fc.Arbitrary<Packet>[]>(
    connect(version),
    connack(version),
    publish(version),
    ...([Puback, Pubrec, Pubrel, Pubcomp] as const).map(type => publishAck(type, version)),
    subscribe(version),
    suback(version),
    unsubscribe(version),
    unsuback(version),
    fc.constantFrom({ type: Pingreq }, { type: Pingresp }),
    disconnect(version),
    ...(version === 5 ? [auth] : []),
  )
}
