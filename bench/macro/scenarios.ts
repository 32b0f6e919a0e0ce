import type { QoS } from '@curlew/codec'
import { type BrokerName, durableBrokers, memoryBrokers } from './brokers/broker-names.ts'

/**
 * What the load generator does, as data. Publishers and subscribers are counted, and the counts tell who gets whose messages:
 * as many subscribers as publishers means pairs, one publisher means fan-out, one subscriber means fan-in.
 */
export interface Scenario {
  readonly name: string
  readonly group: 'p2p' | 'device' | 'fan-out' | 'fan-in' | 'latency' | 'durable'
  readonly publisherCount: number
  readonly subscriberCount: number
  readonly qos: QoS
  readonly payloadBytes: number
  /**
   * Messages of one publisher that may be under way. One is over when each of its receivers has it and, from QoS 1 on, the
   * publisher has the last acknowledgement too. A multiple of {@link batch}.
   */
  readonly window: number
  /** Messages in one write of a publisher. Half the window: one batch travels while the other is being answered. */
  readonly batch: number
  /** Messages per second of all publishers together; `undefined`: as fast as the window lets them (closed loop). */
  readonly ratePerSecond: number | undefined
  /** Latency is taken of one message in this many, a power of two: at millions a second the clock would be the load. */
  readonly latencyEvery: number
  /** Brokers that are measured when nobody says otherwise. */
  readonly brokers: readonly BrokerName[]
  /** Whether subscribers have Sessions that outlive their connections. */
  readonly isPersistent: boolean
  /** Whether subscribers are away while publishers send. */
  readonly isForLater: boolean
  /** The project's aim: Curlew's messages per second, as a multiple of Mosquitto's. */
  readonly aim: number | undefined
}

export type Form = Omit<Scenario, 'name' | 'qos'>

export const small: Form = {
  group: 'p2p',
  publisherCount: 100,
  subscriberCount: 100,
  payloadBytes: 16,
  window: 128,
  batch: 64,
  ratePerSecond: undefined,
  latencyEvery: 16,
  brokers: memoryBrokers,
  isPersistent: false,
  isForLater: false,
  aim: undefined,
}
/** Mosquitto searches all that is under way for each step of a QoS 2 exchange: with a longer window it would be slower. */
const shorter = { window: 64, batch: 32 }
const large: Form = { ...small, ...shorter, payloadBytes: 1024 }
const fanOut: Form = {
  ...small,
  group: 'fan-out',
  publisherCount: 1,
  subscriberCount: 1000,
  window: 32,
  batch: 16,
  latencyEvery: 1,
}
const fanIn: Form = { ...small, group: 'fan-in', publisherCount: 1000, subscriberCount: 1, window: 16, batch: 8 }
const single: Form = { ...small, window: 1, batch: 1, latencyEvery: 1 }
const device: Form = { ...single, group: 'device', publisherCount: 1000, subscriberCount: 1000, aim: 1 }
/** The window only bounds what a broker that can not follow may owe; at this rate none comes near it. */
const paced: Form = { ...single, group: 'latency', window: 64, ratePerSecond: 5000 }
const durable = { group: 'durable', isPersistent: true, brokers: durableBrokers } as const

export const scenarios: readonly Scenario[] = [
  { ...small, name: 'p2p 16 B QoS 0', qos: 0, aim: 10 },
  { ...small, name: 'p2p 16 B QoS 1', qos: 1, aim: 10 },
  { ...small, ...shorter, name: 'p2p 16 B QoS 2', qos: 2, aim: 6 },
  { ...large, name: 'p2p 1 KiB QoS 0', qos: 0 },
  { ...large, name: 'p2p 1 KiB QoS 1', qos: 1 },
  { ...large, name: 'p2p 1 KiB QoS 2', qos: 2 },
  { ...device, name: 'device QoS 0', qos: 0 },
  { ...device, name: 'device QoS 1', qos: 1 },
  { ...fanOut, name: 'fan-out QoS 0', qos: 0 },
  { ...fanOut, name: 'fan-out QoS 1', qos: 1 },
  { ...fanIn, name: 'fan-in QoS 0', qos: 0 },
  { ...fanIn, name: 'fan-in QoS 1', qos: 1 },
  { ...paced, name: 'latency QoS 0', qos: 0 },
  { ...paced, name: 'latency QoS 1', qos: 1 },
  { ...small, ...durable, name: 'durable 16 B QoS 1', qos: 1 },
  { ...large, ...durable, name: 'durable 1 KiB QoS 1', qos: 1 },
  { ...paced, ...durable, name: 'durable latency', qos: 1 },
]

/** Those whose group is one of `words`, or whose name holds one; without words all but the durable ones. */
export function chosen<T extends Pick<Scenario, 'group' | 'name'>>(from: readonly T[], words: readonly string[]): T[] {
  if (words.length === 0) return from.filter(({ group }) => group !== 'durable')
  const wanted = words.map(word => word.toLowerCase())
  return from.filter(({ group, name }) => wanted.some(word => word === group || name.toLowerCase().includes(word)))
}

/** Receivers of each message. */
export function receiverCount({ publisherCount, subscriberCount }: Scenario): number {
  return publisherCount === 1 ? subscriberCount : 1
}

/** Names have one length, so that each packet of a scenario has one size. */
export function topicOf(scenario: Scenario, publisherIndex: number): string {
  return `bench/${scenario.group}/${String(publisherIndex).padStart(4, '0')}`
}

/** What a subscriber asks for: its publisher's topic or, where it is the only subscriber of many, all topics. */
export function filterOf(scenario: Scenario, subscriberIndex: number): string {
  if (scenario.publisherCount === 1) return topicOf(scenario, 0)
  return scenario.subscriberCount === 1 ? `bench/${scenario.group}/+` : topicOf(scenario, subscriberIndex)
}
