import {
  type Connect,
  type Disconnect,
  noProperties,
  type Packet,
  PacketType,
  type Publish,
  type PublishAckType,
  type ReasonCode,
  type Subscribe,
  type SubscriptionRequest,
  type Unsubscribe,
  type Will,
} from '@curlew/codec'

/** Packets as tests write them down: what matters is said, the rest is what a plain client would send. */

export function connectPacket(fields: Partial<Connect> = {}): Connect {
  return {
    type: PacketType.Connect,
    protocolVersion: 5,
    cleanStart: true,
    keepAlive: 0,
    clientId: 'client',
    will: undefined,
    userName: undefined,
    password: undefined,
    properties: noProperties,
    ...fields,
  }
}

export function willOf(topic: string, payload: string, fields: Partial<Will> = {}): Will {
  return { topic, payload: Buffer.from(payload), qos: 0, retain: false, properties: noProperties, ...fields }
}

/** @param fields with a `qos` above 0, a `packetId` is needed */
export function publishPacket(topic: string, payload: string | Uint8Array, fields: Partial<Publish> = {}): Publish {
  return {
    type: PacketType.Publish,
    topic,
    payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: noProperties,
    ...fields,
  }
}

/** A Topic Filter at QoS 0, or with the options that matter. */
export type Request = string | (Partial<SubscriptionRequest> & { readonly filter: string })

export function subscribePacket(packetId: number, requests: readonly Request[], identifier?: number): Subscribe {
  const subscriptions = requests.map(request => ({
    qos: 0 as const,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0 as const,
    ...(typeof request === 'string' ? { filter: request } : request),
  }))
  const properties = identifier === undefined ? noProperties : { subscriptionIdentifiers: [identifier] }
  return { type: PacketType.Subscribe, packetId, subscriptions, properties }
}

export function unsubscribePacket(packetId: number, filters: readonly string[]): Unsubscribe {
  return { type: PacketType.Unsubscribe, packetId, filters, properties: noProperties }
}

function ack(type: PublishAckType, packetId: number, reasonCode: ReasonCode): Packet {
  return { type, packetId, reasonCode, properties: noProperties } as Packet
}

export const puback = (packetId: number, reasonCode: ReasonCode = 0): Packet =>
  ack(PacketType.Puback, packetId, reasonCode)
export const pubrec = (packetId: number, reasonCode: ReasonCode = 0): Packet =>
  ack(PacketType.Pubrec, packetId, reasonCode)
export const pubrel = (packetId: number, reasonCode: ReasonCode = 0): Packet =>
  ack(PacketType.Pubrel, packetId, reasonCode)
export const pubcomp = (packetId: number, reasonCode: ReasonCode = 0): Packet =>
  ack(PacketType.Pubcomp, packetId, reasonCode)

export const pingreq: Packet = { type: PacketType.Pingreq }

export function disconnectPacket(fields: Partial<Disconnect> = {}): Disconnect {
  return { type: PacketType.Disconnect, reasonCode: 0, properties: noProperties, ...fields }
}
