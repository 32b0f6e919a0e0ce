import type { QoS } from '@curlew/codec'
import type { Packet, PacketProperties } from './packets.ts'

/** What the calls of a client take beside topics and messages, and what they call back with: MQTT.js's types, by its names. */
export interface IClientPublishOptions {
  qos?: QoS
  retain?: boolean
  dup?: boolean
  properties?: PacketProperties
  cbStorePut?: () => void
}

export interface IDisconnectOptions {
  reasonCode?: number
  properties?: PacketProperties
}

export interface ISubscriptionGrant {
  topic: string
  qos: number
  [name: string]: unknown
}

export type PacketCallback = (error?: Error | null, packet?: Packet) => void
export type ClientSubscribeCallback = (error: Error | null, granted?: ISubscriptionGrant[], packet?: Packet) => void
