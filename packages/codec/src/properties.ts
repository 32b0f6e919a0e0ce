import { utf8Length } from '#bytes'
import { InvalidPacketError, MalformedPacketError, type MqttError, ProtocolError } from './errors.ts'
import { PacketType, packetTypeName } from './packet-type.ts'
import type { PacketReader } from './reader.ts'
import { ReasonCode } from './reason-code.ts'
import { hasWildcards, topicNameFault } from './topic.ts'
import { VARIABLE_BYTE_INTEGER_MAX, variableByteIntegerSize } from './variable-byte-integer.ts'
import { PacketWriter } from './writer.ts'

/** A User Property: a name and a value; names may repeat and the order is kept (section 3.3.2.3.7). */
export type UserProperty = readonly [name: string, value: string]

/**
 * Every property of MQTT 5.0 (table 2-4 of section 2.2.2.2) under its name in the specification. The
 * packets' own types below pick what they may carry. An absent property is `undefined`: the
 * specification gives many of them defaults, and this codec leaves those to the layer that uses them.
 */
export interface Properties {
  /** 0: unspecified bytes. 1: UTF-8 text. */
  payloadFormatIndicator?: 0 | 1 | undefined
  /** Seconds, 0 to 4 294 967 295. */
  messageExpiryInterval?: number | undefined
  /** A MIME type by custom; the specification demands UTF-8 only. */
  contentType?: string | undefined
  /** A Topic Name. */
  responseTopic?: string | undefined
  correlationData?: Uint8Array | undefined
  /** 1 to 268 435 455 each; SUBSCRIBE has one at most, PUBLISH to a Client one per matching Subscription. */
  subscriptionIdentifiers?: readonly number[] | undefined
  /** Seconds, 0 to 4 294 967 295; the largest value means that the Session does not expire. */
  sessionExpiryInterval?: number | undefined
  assignedClientIdentifier?: string | undefined
  /** Seconds, 0 to 65 535. */
  serverKeepAlive?: number | undefined
  authenticationMethod?: string | undefined
  authenticationData?: Uint8Array | undefined
  /** `true` (the default of the specification) allows Reason String and User Properties on any packet. */
  requestProblemInformation?: boolean | undefined
  /** Seconds, 0 to 4 294 967 295. */
  willDelayInterval?: number | undefined
  requestResponseInformation?: boolean | undefined
  responseInformation?: string | undefined
  serverReference?: string | undefined
  reasonString?: string | undefined
  /** Messages, 1 to 65 535. */
  receiveMaximum?: number | undefined
  /** 0 to 65 535; 0 means that aliases are not accepted. */
  topicAliasMaximum?: number | undefined
  /** 1 to 65 535. */
  topicAlias?: number | undefined
  /** 0 or 1; absent means 2. */
  maximumQoS?: 0 | 1 | undefined
  retainAvailable?: boolean | undefined
  userProperties?: readonly UserProperty[] | undefined
  /** Bytes, 1 to 4 294 967 295, counted as section 2.1.4 counts a whole packet. */
  maximumPacketSize?: number | undefined
  wildcardSubscriptionAvailable?: boolean | undefined
  subscriptionIdentifiersAvailable?: boolean | undefined
  sharedSubscriptionAvailable?: boolean | undefined
}
type PropertyName = keyof Properties

export type ConnectProperties = Pick<
  Properties,
  | 'sessionExpiryInterval'
  | 'receiveMaximum'
  | 'maximumPacketSize'
  | 'topicAliasMaximum'
  | 'requestResponseInformation'
  | 'requestProblemInformation'
  | 'userProperties'
  | 'authenticationMethod'
  | 'authenticationData'
>
export type WillProperties = Pick<
  Properties,
  | 'willDelayInterval'
  | 'payloadFormatIndicator'
  | 'messageExpiryInterval'
  | 'contentType'
  | 'responseTopic'
  | 'correlationData'
  | 'userProperties'
>
export type ConnackProperties = Pick<
  Properties,
  | 'sessionExpiryInterval'
  | 'receiveMaximum'
  | 'maximumQoS'
  | 'retainAvailable'
  | 'maximumPacketSize'
  | 'assignedClientIdentifier'
  | 'topicAliasMaximum'
  | 'reasonString'
  | 'userProperties'
  | 'wildcardSubscriptionAvailable'
  | 'subscriptionIdentifiersAvailable'
  | 'sharedSubscriptionAvailable'
  | 'serverKeepAlive'
  | 'responseInformation'
  | 'serverReference'
  | 'authenticationMethod'
  | 'authenticationData'
>
export type PublishProperties = Pick<
  Properties,
  | 'payloadFormatIndicator'
  | 'messageExpiryInterval'
  | 'topicAlias'
  | 'responseTopic'
  | 'correlationData'
  | 'userProperties'
  | 'subscriptionIdentifiers'
  | 'contentType'
>
export type SubscribeProperties = Pick<Properties, 'subscriptionIdentifiers' | 'userProperties'>
export type UnsubscribeProperties = Pick<Properties, 'userProperties'>
/** Of PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK. */
export type AcknowledgementProperties = Pick<Properties, 'reasonString' | 'userProperties'>
export type DisconnectProperties = Pick<
  Properties,
  'sessionExpiryInterval' | 'reasonString' | 'userProperties' | 'serverReference'
>
export type AuthProperties = Pick<
  Properties,
  'authenticationMethod' | 'authenticationData' | 'reasonString' | 'userProperties'
>

/** What a packet without properties carries: one frozen object, so that nothing is allocated for it. */
export const noProperties: Readonly<Record<never, never>> = Object.freeze({})

/** Where properties may stand: in a packet of this type, or in the Will of a CONNECT. */
export const WILL = 0
export type PropertyPlace = PacketType | typeof WILL

/** Representations of section 1.5; `flag` is a byte that may be 0 or 1, `bit` the same kept as a number. */
type Representation = 'flag' | 'bit' | 'two' | 'four' | 'variable' | 'string' | 'topic' | 'binary' | 'pair'

interface PropertyRule {
  readonly identifier: number
  readonly name: PropertyName
  readonly representation: Representation
  /** Bit n is set when the property may stand in place n. */
  readonly places: number
  /** The smallest value allowed, where that is not 0. */
  readonly min: 0 | 1
}

function rule(
  identifier: number,
  name: PropertyName,
  representation: Representation,
  places: PropertyPlace[],
  min: 0 | 1 = 0,
): PropertyRule {
  return {
    identifier,
    name,
    representation,
    min,
    places: places.reduce((bits: number, place) => bits | (1 << place), 0),
  }
}

const { Connect, Connack, Publish, Puback, Pubrec, Pubrel, Pubcomp } = PacketType
const { Subscribe, Suback, Unsubscribe, Unsuback, Disconnect, Auth } = PacketType
const acknowledgements = [Puback, Pubrec, Pubrel, Pubcomp, Suback, Unsuback]

/** Table 2-4 of section 2.2.2.2, in the order of the identifiers, which is also the order of writing. */
const rules: readonly PropertyRule[] = [
  rule(0x01, 'payloadFormatIndicator', 'bit', [Publish, WILL]),
  rule(0x02, 'messageExpiryInterval', 'four', [Publish, WILL]),
  rule(0x03, 'contentType', 'string', [Publish, WILL]),
  rule(0x08, 'responseTopic', 'topic', [Publish, WILL]),
  rule(0x09, 'correlationData', 'binary', [Publish, WILL]),
  rule(0x0b, 'subscriptionIdentifiers', 'variable', [Publish, Subscribe], 1),
  rule(0x11, 'sessionExpiryInterval', 'four', [Connect, Connack, Disconnect]),
  rule(0x12, 'assignedClientIdentifier', 'string', [Connack]),
  rule(0x13, 'serverKeepAlive', 'two', [Connack]),
  rule(0x15, 'authenticationMethod', 'string', [Connect, Connack, Auth]),
  rule(0x16, 'authenticationData', 'binary', [Connect, Connack, Auth]),
  rule(0x17, 'requestProblemInformation', 'flag', [Connect]),
  rule(0x18, 'willDelayInterval', 'four', [WILL]),
  rule(0x19, 'requestResponseInformation', 'flag', [Connect]),
  rule(0x1a, 'responseInformation', 'string', [Connack]),
  rule(0x1c, 'serverReference', 'string', [Connack, Disconnect]),
  rule(0x1f, 'reasonString', 'string', [Connack, ...acknowledgements, Disconnect, Auth]),
  rule(0x21, 'receiveMaximum', 'two', [Connect, Connack], 1),
  rule(0x22, 'topicAliasMaximum', 'two', [Connect, Connack]),
  rule(0x23, 'topicAlias', 'two', [Publish], 1),
  rule(0x24, 'maximumQoS', 'bit', [Connack]),
  rule(0x25, 'retainAvailable', 'flag', [Connack]),
  rule(0x26, 'userProperties', 'pair', [
    Connect,
    Connack,
    Publish,
    ...acknowledgements,
    Subscribe,
    Unsubscribe,
    Disconnect,
    Auth,
    WILL,
  ]),
  rule(0x27, 'maximumPacketSize', 'four', [Connect, Connack], 1),
  rule(0x28, 'wildcardSubscriptionAvailable', 'flag', [Connack]),
  rule(0x29, 'subscriptionIdentifiersAvailable', 'flag', [Connack]),
  rule(0x2a, 'sharedSubscriptionAvailable', 'flag', [Connack]),
]

const ruleOf: readonly (PropertyRule | undefined)[] = Array.from({ length: 0x2b }, (_, identifier) =>
  rules.find(candidate => candidate.identifier === identifier),
)

/** What may stand in each place, in the order of the identifiers. */
const rulesOf: readonly (readonly PropertyRule[])[] = Array.from({ length: 16 }, (_, place) =>
  rules.filter(candidate => candidate.places & (1 << place)),
)

/** All that may stand in each place, absent: a copy of it gives all packets of a type one shape, and is quicker than filling it in. */
const absentOf: readonly Properties[] = rulesOf.map(found =>
  Object.fromEntries(found.map(({ name }) => [name, undefined])),
)

/** Properties of PUBLISH that each receiver gets with a value of its own (section 3.3.2.3). */
const receiverProperties = new Set<PropertyName>(['messageExpiryInterval', 'topicAlias', 'subscriptionIdentifiers'])
const commonRules = rulesOf[Publish]!.filter(({ name }) => !receiverProperties.has(name))

/** How many User Properties a decoder takes from one packet by default; more is 0x97 Quota exceeded. */
export const USER_PROPERTIES_MAX = 64

function nameOfPlace(place: PropertyPlace): string {
  return place === WILL ? 'a Will' : packetTypeName(place)
}

/**
 * Reads Property Length and the properties behind it (section 2.2.2).
 *
 * @throws {MalformedPacketError} when a property is unknown or ends too late
 * @throws {ProtocolError} when one stands twice, does not belong here or has a value the specification excludes; in SUBSCRIBE
 * and UNSUBSCRIBE, the last two are malformed
 */
export function readProperties(
  reader: PacketReader,
  place: PropertyPlace,
  userPropertiesMax: number = USER_PROPERTIES_MAX,
): Properties {
  const length = reader.variableByteInteger()
  if (length === 0) return noProperties
  const packetEnd = reader.end
  const end = reader.position + length
  if (end > packetEnd) throw new MalformedPacketError('properties are longer than the packet')
  reader.end = end
  const properties: Properties = { ...absentOf[place] }
  while (reader.position < end) readProperty(reader, place, properties, userPropertiesMax)
  reader.end = packetEnd
  return properties
}

function readProperty(reader: PacketReader, place: PropertyPlace, into: Properties, userPropertiesMax: number): void {
  const identifier = reader.variableByteInteger()
  const found = ruleOf[identifier]
  if (found === undefined) throw new MalformedPacketError(`property 0x${identifier.toString(16)} does not exist`)
  const { name } = found
  if ((found.places & (1 << place)) === 0) refuseMisplaced(reader, found, place)
  if (name === 'userProperties') {
    const list = (into.userProperties ?? []) as UserProperty[]
    if (list.length === userPropertiesMax) {
      throw new ProtocolError(`more than ${userPropertiesMax} User Properties`, undefined, ReasonCode.QuotaExceeded)
    }
    list.push([reader.utf8String(), reader.utf8String()]) // [MQTT-1.5.7-1]
    into.userProperties = list
    return
  }
  if (name === 'subscriptionIdentifiers' && place === Publish) {
    const list = (into.subscriptionIdentifiers ?? []) as number[]
    list.push(checkedNumber(found, reader.variableByteInteger(), place))
    into.subscriptionIdentifiers = list
    return
  }
  if (into[name] !== undefined) throw new ProtocolError(`property ${name} stands twice`)
  const values = into as Record<PropertyName, unknown> // the rule gives each name the representation of its type
  values[name] = readValue(reader, found, place)
}

/** A value that is not whole is malformed, wherever it stands, so it is read first. */
function refuseMisplaced(reader: PacketReader, found: PropertyRule, place: PropertyPlace): never {
  readValue(reader, found, place)
  throw notAllowed(place, `property ${found.name} is not allowed in ${nameOfPlace(place)}`)
}

/**
 * What a property that exists must not be is a Protocol Error: "data that is not allowed by the protocol" (section 1.2). In SUBSCRIBE
 * and UNSUBSCRIBE it is malformed, as section 2.2.2.2 has it, like all else that cannot be such a packet (ADR 0013).
 */
function notAllowed(place: PropertyPlace, message: string): MqttError {
  const isRequest = place === Subscribe || place === Unsubscribe
  return isRequest ? new MalformedPacketError(message) : new ProtocolError(message)
}

function readValue(reader: PacketReader, found: PropertyRule, place: PropertyPlace): Properties[PropertyName] {
  switch (found.representation) {
    case 'flag':
      return flag(reader, found, place) === 1
    case 'bit':
      return flag(reader, found, place)
    case 'two':
      return checkedNumber(found, reader.twoByteInteger(), place)
    case 'four':
      return checkedNumber(found, reader.fourByteInteger(), place)
    case 'variable':
      return [checkedNumber(found, reader.variableByteInteger(), place)]
    case 'string':
      return reader.utf8String()
    case 'topic':
      return responseTopic(reader.utf8String())
    case 'binary':
      return reader.binaryData()
    case 'pair':
      throw new TypeError('User Properties are read by readProperty')
    default:
      return found.representation satisfies never
  }
}

function flag(reader: PacketReader, found: PropertyRule, place: PropertyPlace): 0 | 1 {
  const value = reader.byte()
  if (value > 1) throw notAllowed(place, `property ${found.name} is ${value}; it must be 0 or 1`)
  return value as 0 | 1
}

function checkedNumber(found: PropertyRule, value: number, place: PropertyPlace): number {
  if (value >= found.min) return value
  if (found.name === 'topicAlias' && place === Publish) {
    throw new ProtocolError('property topicAlias is 0', '[MQTT-3.3.2-8]', ReasonCode.TopicAliasInvalid)
  }
  throw notAllowed(place, `property ${found.name} is 0`)
}

function responseTopic(value: string): string {
  if (value === '') throw new ProtocolError('Response Topic is empty', '[MQTT-4.7.3-1]')
  if (hasWildcards(value)) throw new ProtocolError('Response Topic contains a wildcard', '[MQTT-3.3.2-14]')
  return value
}

/** @returns bytes of the properties without their Property Length */
export function propertiesSize(properties: Properties, place: PropertyPlace): number {
  if (properties === noProperties) return 0
  checkPlace(properties, place)
  return sizeOf(properties, rulesOf[place]!)
}

function checkPlace(properties: Properties, place: PropertyPlace): void {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || rulesOf[place]!.some(each => each.name === name)) continue
    throw new InvalidPacketError(`property ${name} is not allowed in ${nameOfPlace(place)}`)
  }
  const { subscriptionIdentifiers } = properties
  if (place !== Publish && subscriptionIdentifiers !== undefined && subscriptionIdentifiers.length > 1) {
    throw new InvalidPacketError(`subscriptionIdentifiers has more than one value in ${nameOfPlace(place)}`)
  }
}

function sizeOf(properties: Properties, among: readonly PropertyRule[]): number {
  let size = 0
  for (const each of among) {
    const value = properties[each.name]
    if (value !== undefined) size += propertySize(each, value)
  }
  return size
}

function propertySize(each: PropertyRule, value: unknown): number {
  switch (each.representation) {
    case 'flag':
    case 'bit':
      return 2
    case 'two':
      return 3
    case 'four':
      return 5
    case 'variable':
      return subscriptionIdentifiersSize(value as number[])
    case 'string':
    case 'topic':
      return 3 + utf8Length(value as string)
    case 'binary':
      return 3 + (value as Uint8Array).length
    case 'pair':
      return (value as UserProperty[]).reduce((sum, pair) => sum + 5 + utf8Length(pair[0]) + utf8Length(pair[1]), 0)
    default:
      return each.representation satisfies never
  }
}

/** @returns bytes of one property per identifier */
export function subscriptionIdentifiersSize(identifiers: readonly number[]): number {
  let size = 0
  for (const identifier of identifiers) size += 1 + variableByteIntegerSize(identifier)
  return size
}

/** Writes Property Length and the properties. @throws {InvalidPacketError} naming the field that cannot be written */
export function writeProperties(writer: PacketWriter, properties: Properties, place: PropertyPlace): void {
  writer.variableByteInteger(propertiesSize(properties, place)) // [MQTT-2.2.2-1]
  writePropertyValues(writer, properties, place)
}

/** Writes the properties without their Property Length; {@link propertiesSize} has checked where they stand. */
export function writePropertyValues(writer: PacketWriter, properties: Properties, place: PropertyPlace): void {
  if (properties !== noProperties) writeValues(writer, properties, rulesOf[place]!)
}

/**
 * Encodes the properties of a PUBLISH that every receiver gets alike, without Property Length: all but Topic Alias, Message
 * Expiry Interval and Subscription Identifiers.
 */
export function encodeCommonProperties(properties: PublishProperties): Uint8Array {
  const writer = new PacketWriter(sizeOf(properties, commonRules))
  writeValues(writer, properties, commonRules)
  return writer.bytes
}

function writeValues(writer: PacketWriter, properties: Properties, among: readonly PropertyRule[]): void {
  for (const each of among) {
    const value = properties[each.name]
    if (value !== undefined) writeProperty(writer, each, value)
  }
}

function writeProperty(writer: PacketWriter, each: PropertyRule, value: unknown): void {
  const { identifier, name } = each
  switch (each.representation) {
    case 'flag':
    case 'bit':
      writer.byte(identifier)
      return writer.byte(each.representation === 'flag' ? (value ? 1 : 0) : inRange(name, value, 0, 1))
    case 'two':
      writer.byte(identifier)
      return writer.twoByteInteger(inRange(name, value, each.min, 0xffff))
    case 'four':
      writer.byte(identifier)
      return writer.fourByteInteger(inRange(name, value, each.min, 0xffffffff))
    case 'variable':
      return writeSubscriptionIdentifiers(writer, value as number[])
    case 'topic':
      if (topicNameFault(value as string) !== undefined)
        throw new InvalidPacketError(`property ${name} is not a Topic Name`)
      writer.byte(identifier)
      return writer.utf8String(value as string, name)
    case 'string':
      writer.byte(identifier)
      return writer.utf8String(value as string, name)
    case 'binary':
      writer.byte(identifier)
      return writer.binaryData(value as Uint8Array, name)
    case 'pair':
      for (const [key, text] of value as UserProperty[]) {
        writer.byte(identifier)
        writer.utf8String(key, name)
        writer.utf8String(text, name)
      }
      return
    default:
      each.representation satisfies never
  }
}

/** Writes one property per identifier. */
export function writeSubscriptionIdentifiers(writer: PacketWriter, identifiers: readonly number[]): void {
  for (const identifier of identifiers) {
    writer.byte(0x0b)
    writer.variableByteInteger(inRange('subscriptionIdentifiers', identifier, 1, VARIABLE_BYTE_INTEGER_MAX))
  }
}

function inRange(name: PropertyName, value: unknown, min: number, max: number): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number
  throw new InvalidPacketError(`property ${name} must be a whole number from ${min} to ${max}, not ${value}`)
}
