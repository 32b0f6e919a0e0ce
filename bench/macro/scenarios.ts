import type { QoS } from '@curlew/codec'
import { type BrokerName, durableBrokers, memoryBrokers } from './brokers/broker-names.ts'
import { type Group, isChosen } from './groups.ts'

/**
 * Who gets whose messages. `pairs`: each subscriber those of one publisher; `fan-out`: all subscribers all messages; `fan-in`: one
 * subscriber all messages; `shared`: all subscribers are one Shared Subscription group, and each message goes to one of them.
 */
export type Topology = 'pairs' | 'fan-out' | 'fan-in' | 'shared'

/** What MQTT runs over. */
export type Transport = 'tcp' | 'tls' | 'ws'

/** What the load generator does, as data. */
export interface Scenario {
  readonly name: string
  readonly group: Group
  /** Whether a run that names nothing has it. */
  readonly isShort: boolean
  readonly topology: Topology
  readonly publisherCount: number
  readonly subscriberCount: number
  /** 4: MQTT 3.1.1, which all brokers compared speak. */
  readonly protocolVersion: 4 | 5
  readonly transport: Transport
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
  /**
   * The project's aim for Curlew, as a multiple of Mosquitto 2.0.11: messages per second at least, or where these are given, p99 at
   * most.
   */
  readonly aim: number | undefined
}

export type Form = Omit<Scenario, 'name' | 'qos'>

export const small: Form = {
  group: 'p2p',
  isShort: false,
  topology: 'pairs',
  publisherCount: 100,
  subscriberCount: 100,
  protocolVersion: 4,
  transport: 'tcp',
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
/** 100 publishers with so many under way have 25 MiB in the sockets: enough to be busy, too little to need memory. */
const huge: Form = { ...small, window: 4, batch: 2, latencyEvery: 1, payloadBytes: 65_536 }
const fanOut: Form = {
  ...{ ...small, group: 'fan-out', topology: 'fan-out' },
  ...{ publisherCount: 1, subscriberCount: 1000, window: 32, batch: 16, latencyEvery: 1 },
}
const fanOutOfFive: Form = { ...fanOut, publisherCount: 5, window: 8, batch: 4 }
const thousand = { publisherCount: 1000, window: 16, batch: 8 }
const fanIn: Form = { ...small, ...thousand, group: 'fan-in', topology: 'fan-in', subscriberCount: 1 }
const shared: Form = {
  ...{ ...small, ...thousand, group: 'shared', topology: 'shared', subscriberCount: 10 },
  brokers: ['curlew', 'mosquitto'], // aedes has no Shared Subscriptions
}
const unbatched: Form = { ...small, group: 'unbatched', batch: 1 }
const single: Form = { ...small, window: 1, batch: 1, latencyEvery: 1 }
const device: Form = { ...single, group: 'device', publisherCount: 1000, subscriberCount: 1000, aim: 1.1 }
/** The window only bounds what a broker that can not follow may owe; at this rate none comes near it. */
const paced: Form = { ...single, group: 'latency', window: 64, ratePerSecond: 5000, aim: 1 }
const durable = {
  group: 'durable',
  isPersistent: true,
  isShort: false,
  brokers: durableBrokers,
  aim: undefined,
} as const

const pairs: readonly Scenario[] = [
  { ...small, name: 'p2p 16 B QoS 0', qos: 0, aim: 15, isShort: true },
  { ...small, name: 'p2p 16 B QoS 1', qos: 1, aim: 21, isShort: true },
  { ...small, ...shorter, name: 'p2p 16 B QoS 2', qos: 2, aim: 15, isShort: true },
  { ...large, name: 'p2p 1 KiB QoS 0', qos: 0, aim: 10 },
  { ...large, name: 'p2p 1 KiB QoS 1', qos: 1, aim: 10.5, isShort: true },
  { ...large, name: 'p2p 1 KiB QoS 2', qos: 2 },
  { ...huge, name: 'p2p 64 KiB QoS 0', qos: 0 },
  { ...huge, name: 'p2p 64 KiB QoS 1', qos: 1 },
  { ...huge, name: 'p2p 64 KiB QoS 2', qos: 2 },
]

/** aedes does not speak 5.0. */
const pairsOf5: readonly Scenario[] = pairs.map(scenario => ({
  ...{ ...scenario, name: scenario.name.replace('p2p', 'p2p 5.0') },
  ...{ group: 'p2p5', protocolVersion: 5, isShort: false, brokers: ['curlew', 'mosquitto'] },
}))

/** Debian's Mosquitto is built without WebSockets. */
const overWebSocket = { group: 'websocket', transport: 'ws', isShort: false, brokers: ['curlew', 'aedes'] } as const
const overTls = { group: 'tls', transport: 'tls', isShort: false } as const

/** The pairs but those of 64 KiB, whose cost over these is the cost of copying. */
function pairsOver(title: string, change: Partial<Form>): Scenario[] {
  return pairs
    .filter(({ payloadBytes }) => payloadBytes <= 1024)
    .map(scenario => ({ ...scenario, aim: undefined, ...change, name: scenario.name.replace('p2p', title) }))
}

export const scenarios: readonly Scenario[] = [
  ...pairs,
  ...pairsOf5,
  { ...unbatched, name: 'unbatched QoS 0', qos: 0, aim: 1.7 },
  { ...unbatched, name: 'unbatched QoS 1', qos: 1, aim: 4.5, isShort: true },
  { ...device, name: 'device QoS 0', qos: 0 },
  { ...device, name: 'device QoS 1', qos: 1, isShort: true },
  { ...fanOut, name: 'fan-out QoS 0', qos: 0, aim: 14, isShort: true },
  { ...fanOut, name: 'fan-out QoS 1', qos: 1, aim: 14 },
  { ...fanOutOfFive, name: 'fan-out of 5 QoS 0', qos: 0 },
  { ...fanOutOfFive, name: 'fan-out of 5 QoS 1', qos: 1 },
  { ...fanIn, name: 'fan-in QoS 0', qos: 0, aim: 7 },
  { ...fanIn, name: 'fan-in QoS 1', qos: 1, aim: 4.5, isShort: true },
  { ...shared, name: 'shared group QoS 0', qos: 0, aim: 6.5 },
  { ...shared, name: 'shared group QoS 1', qos: 1, aim: 9.5, isShort: true },
  { ...paced, name: 'latency QoS 0', qos: 0 },
  { ...paced, name: 'latency QoS 1', qos: 1, isShort: true },
  ...pairsOver('TLS', overTls),
  ...pairsOver('WebSocket', overWebSocket),
  { ...small, ...durable, name: 'durable 16 B QoS 1', qos: 1 },
  { ...large, ...durable, name: 'durable 1 KiB QoS 1', qos: 1 },
  { ...paced, ...durable, name: 'durable latency', qos: 1 },
]

/** Devices that hardly speak, and what may not hurt them; see the trial `fairness`. */
export const slowDevices: Scenario = {
  ...{ ...device, name: 'slow devices', group: 'fairness', qos: 1 },
  ...{ window: 4, ratePerSecond: 1000, aim: undefined },
}
export const flood: Scenario = {
  ...{ ...fanIn, name: 'flood', group: 'flood', qos: 0 },
  ...{ publisherCount: 1, window: 4096, batch: 64 },
}

/** Those that `words` choose; without words the short suite. */
export function chosen<T extends Pick<Scenario, 'group' | 'name' | 'isShort'>>(
  from: readonly T[],
  words: readonly string[],
): T[] {
  if (words.length === 0) return from.filter(({ isShort }) => isShort)
  const names = new Set(from.map(({ name }) => name.toLowerCase()))
  return from.filter(entry => words.some(word => isChosen(entry, word.toLowerCase(), names)))
}

/** Receivers of each message. */
export function receiverCount({ topology, subscriberCount }: Scenario): number {
  return topology === 'fan-out' ? subscriberCount : 1
}

/** Names have one length, so that each packet of a scenario has one size. */
export function topicOf(scenario: Scenario, publisherIndex: number): string {
  return `bench/${scenario.group}/${String(publisherIndex).padStart(4, '0')}`
}

/** What a subscriber asks for: its publisher's topic, or those of all. */
export function filterOf(scenario: Scenario, subscriberIndex: number): string {
  const { topology, group, publisherCount } = scenario
  const all = publisherCount === 1 ? topicOf(scenario, 0) : `bench/${group}/+`
  if (topology === 'pairs') return topicOf(scenario, subscriberIndex)
  return topology === 'shared' ? `$share/bench/${all}` : all
}
