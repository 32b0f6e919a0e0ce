import type { SubscribeOptions } from '@curlew/client'
import type { QoS, RetainHandling } from '@curlew/codec'
import { type PacketProperties, pairsOf } from './packets.ts'

/** MQTT.js's options of a Subscription. */
export interface SubscribeArguments {
  qos?: QoS
  nl?: boolean
  rap?: boolean
  rh?: number
  properties?: PacketProperties
}

/** What `subscribe` takes: a filter, several, or options by filter. */
export type TopicObject = string | string[] | Record<string, SubscribeArguments>

/** One filter of a call of `subscribe`. */
export interface WantedSubscription {
  readonly topic: string
  readonly qos: QoS
  /** For our client. */
  readonly options: SubscribeOptions
  /** What the callback of `subscribe` gets, with the QoS that is granted. */
  readonly grant: { topic: string; qos: number; [name: string]: unknown }
}

/** @param isFive whether the options of MQTT 5.0 mean anything */
export function subscriptionsOf(
  topics: TopicObject,
  common: SubscribeArguments,
  isFive: boolean,
): WantedSubscription[] {
  if (typeof topics === 'string') return [wanted(topics, common, common, isFive)]
  if (Array.isArray(topics)) return topics.map(topic => wanted(topic, common, common, isFive))
  return Object.entries(topics)
    .filter(([topic]) => topic !== 'resubscribe')
    .map(([topic, own]) => wanted(topic, own, common, isFive))
}

function wanted(
  topic: string,
  { qos = 0, nl = false, rap = false, rh = 0 }: SubscribeArguments,
  { properties }: SubscribeArguments,
  isFive: boolean,
): WantedSubscription {
  if (!isFive) return { topic, qos, options: { qos }, grant: { topic, qos } }
  const { subscriptionIdentifier = 0, userProperties } = properties ?? {}
  const options: SubscribeOptions = {
    qos,
    noLocal: nl,
    retainAsPublished: rap,
    retainHandling: rh as RetainHandling,
    subscriptionIdentifier: [subscriptionIdentifier].flat()[0]!,
    ...(userProperties && { userProperties: pairsOf(userProperties) }),
  }
  return { topic, qos, options, grant: { topic, qos, nl, rap, rh, properties } }
}
