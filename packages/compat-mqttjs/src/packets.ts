import type { ReceivedMessage } from '@curlew/client'
import type { Properties, QoS, UserProperty } from '@curlew/codec'

/** User Properties as MQTT.js has them: repeated names become arrays, and their order among others is lost. */
export type UserProperties = Record<string, string | string[]>

/** Properties of MQTT 5.0, as MQTT.js has them. */
export interface PacketProperties {
  payloadFormatIndicator?: boolean
  messageExpiryInterval?: number
  contentType?: string
  responseTopic?: string
  correlationData?: Buffer
  userProperties?: UserProperties
  subscriptionIdentifier?: number | number[]
  topicAlias?: number
  sessionExpiryInterval?: number
  receiveMaximum?: number
  maximumPacketSize?: number
  topicAliasMaximum?: number
  requestResponseInformation?: boolean
  requestProblemInformation?: boolean
  authenticationMethod?: string
  authenticationData?: Buffer
  willDelayInterval?: number
  reasonString?: string
  serverReference?: string
  [name: string]: unknown
}

/** A packet as MQTT.js hands it to its listeners and callbacks. */
export interface Packet {
  cmd: string
  messageId?: number
  [name: string]: unknown
}

/** A PUBLISH as MQTT.js hands it to its listeners and callbacks. */
export interface IPublishPacket extends Packet {
  cmd: 'publish'
  topic: string
  payload: Buffer | string
  qos: QoS
  retain: boolean
  dup: boolean
  properties?: PacketProperties
}

/** A CONNACK that accepts, as `connect` gives it. */
export interface IConnackPacket extends Packet {
  cmd: 'connack'
  sessionPresent: boolean
  returnCode?: number
  reasonCode?: number
  properties?: PacketProperties
}

/** MQTT.js's properties as ours. Those that our client sets by itself are left out. */
export function toProperties({ userProperties, ...given }: PacketProperties): Properties {
  const { payloadFormatIndicator, subscriptionIdentifier: _, topicAlias: __, ...rest } = given
  return {
    ...(rest as Properties),
    ...(payloadFormatIndicator === undefined ? {} : { payloadFormatIndicator: payloadFormatIndicator ? 1 : 0 }),
    ...(userProperties && { userProperties: pairsOf(userProperties) }),
  }
}

/** User Properties as ours. */
export function pairsOf(properties: UserProperties): UserProperty[] {
  return Object.entries(properties).flatMap(([name, values]) => [values].flat().map(value => [name, value] as const))
}

/** Our properties as MQTT.js's; without those that are not there. */
export function fromProperties(properties: Properties): PacketProperties {
  const {
    userProperties,
    subscriptionIdentifiers,
    correlationData,
    authenticationData,
    payloadFormatIndicator,
    ...rest
  } = properties
  const found: PacketProperties = {}
  if (payloadFormatIndicator !== undefined) found.payloadFormatIndicator = payloadFormatIndicator === 1
  for (const [name, value] of Object.entries(rest)) if (value !== undefined) found[name] = value
  if (correlationData) found.correlationData = bufferOf(correlationData)
  if (authenticationData) found.authenticationData = bufferOf(authenticationData)
  if (subscriptionIdentifiers) {
    found.subscriptionIdentifier =
      subscriptionIdentifiers.length === 1 ? subscriptionIdentifiers[0]! : [...subscriptionIdentifiers]
  }
  if (userProperties) {
    const named: UserProperties = Object.create(null)
    for (const [name, value] of userProperties) {
      const earlier = named[name]
      named[name] = earlier === undefined ? value : [earlier, value].flat()
    }
    found.userProperties = named
  }
  return found
}

/** A received message as MQTT.js's PUBLISH. */
export function publishPacketOf(message: ReceivedMessage, protocolVersion: number): IPublishPacket {
  const { topic, qos, retain, dup, packetId, properties } = message
  const packet: IPublishPacket = { cmd: 'publish', topic, payload: bufferOf(message.payload), qos, retain, dup }
  if (qos > 0) packet.messageId = packetId
  if (protocolVersion === 5) packet.properties = fromProperties(properties)
  return packet
}

/** The same memory, with Buffer's methods. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
