import type { ConnectionGate } from '../connection/connection-gate.ts'
import type { ConnectionCounters } from '../connection/services.ts'
import type { Router } from '../routing/router.ts'
import { DropCounters } from '../sessions/drop-counters.ts'
import type { QueuePolicy } from '../sessions/queue-policy.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
import type { WaitingTotals } from '../sessions/waiting-totals.ts'
import type { Store, StoreHealth } from '../store/store.ts'
import { LoadAverage, loadMinutes } from './load-average.ts'
import { version } from './version.ts'

/** Where the numbers are. They are read when they are shown; nobody is told of a change. */
export interface SysSources {
  readonly store: Pick<Store, 'durability' | 'health' | 'onHealthChange'>
  readonly router: Router
  readonly registry: SessionRegistry
  readonly gate: ConnectionGate
  readonly traffic: ConnectionCounters
  readonly drops: DropCounters
  readonly waiting: WaitingTotals
  readonly queuePolicy: QueuePolicy
}

/** What is known of the moment itself. */
export interface SysMoment {
  /** Milliseconds. */
  readonly uptimeMs: number
  readonly heapBytes: number
  /** The most that has been seen. */
  readonly heapBytesMax: number
}

type Value = (from: SysSources & SysMoment) => string | number

/** By the name of the topic below `$SYS/broker/`. Those down to `packet` are of Mosquitto 2.1, the others our own. */
const values: Readonly<Record<string, Value>> = {
  version: () => `curlew version ${version}`,
  uptime: ({ uptimeMs }) => `${Math.floor(uptimeMs / 1000)} seconds`,
  'clients/total': ({ registry }) => registry.count,
  'clients/inactive': ({ registry }) => registry.count - registry.counters.connected,
  'clients/disconnected': ({ registry }) => registry.count - registry.counters.connected,
  'clients/active': ({ registry }) => registry.counters.connected,
  'clients/connected': ({ registry }) => registry.counters.connected,
  'clients/expired': ({ registry }) => registry.counters.expired,
  'clients/maximum': ({ registry }) => registry.counters.connectedMax,
  'connections/socket/count': ({ gate }) => gate.count,
  'messages/received': ({ traffic }) => traffic.receivedPackets,
  'messages/sent': ({ traffic }) => traffic.sentPackets,
  'messages/stored': ({ router, waiting }) => router.retained.count + waiting.count,
  'publish/messages/received': ({ traffic }) => traffic.receivedPublishes,
  'publish/messages/sent': ({ traffic }) => traffic.sentPublishes,
  'publish/messages/dropped': ({ drops }) => droppedCount(drops),
  'publish/bytes/received': ({ traffic }) => traffic.receivedPayloadBytes,
  'publish/bytes/sent': ({ traffic }) => traffic.sentPayloadBytes,
  'bytes/received': ({ traffic }) => traffic.receivedBytes,
  'bytes/sent': ({ traffic }) => traffic.sentBytes,
  'store/messages/count': ({ router, waiting }) => router.retained.count + waiting.count,
  'store/messages/bytes': ({ router, waiting }) => router.retained.bytes + waiting.bytes,
  'subscriptions/count': ({ router }) => router.subscriptionCount,
  'shared_subscriptions/count': ({ router }) => router.sharedSubscriptionCount,
  'retained messages/count': ({ router }) => router.retained.count,
  'heap/current': ({ heapBytes }) => heapBytes,
  'heap/maximum': ({ heapBytesMax }) => heapBytesMax,
  'packet/out/bytes': ({ gate }) => gate.pendingBytes,
  'queue/policy': ({ queuePolicy }) => queuePolicy,
  'queue/evicted': ({ traffic }) => traffic.evicted,
  'store/durability': ({ store }) => store.durability,
  'store/state': ({ store }) => storeState(store.health),
}

/** The counters behind `load/…`, which is in events per minute. */
const loads: Readonly<Record<string, (from: SysSources) => number>> = {
  'messages/received': ({ traffic }) => traffic.receivedPackets,
  'messages/sent': ({ traffic }) => traffic.sentPackets,
  'publish/received': ({ traffic }) => traffic.receivedPublishes,
  'publish/sent': ({ traffic }) => traffic.sentPublishes,
  'publish/dropped': ({ drops }) => droppedCount(drops),
  'bytes/received': ({ traffic }) => traffic.receivedBytes,
  'bytes/sent': ({ traffic }) => traffic.sentBytes,
  sockets: ({ traffic }) => traffic.opened,
  connections: ({ traffic }) => traffic.receivedConnects,
}

const dropReasons = Object.keys(new DropCounters()) as (keyof DropCounters)[]

const loadNames = (name: string): string[] => loadMinutes.map(minutes => `load/${name}/${minutes}min`)

/** The name of every topic below `$SYS/broker/`. */
export const sysTopicNames: readonly string[] = [
  ...Object.keys(values),
  ...dropReasons.map(reason => `dropped/${reason}`),
  ...Object.keys(loads).flatMap(loadNames),
]

/** `ok`, or why the Store cannot keep what it is told. */
export function storeState(health: StoreHealth): string {
  return health.isWritable ? 'ok' : `read-only: ${health.reason}`
}

function droppedCount(drops: DropCounters): number {
  return dropReasons.reduce((sum, reason) => sum + drops[reason], 0)
}

/** The values of all topics, as they are at one moment after the other. */
export class SysValues {
  readonly #sources: SysSources
  readonly #averages: ReadonlyMap<string, LoadAverage>

  constructor(sources: SysSources) {
    this.#sources = sources
    this.#averages = new Map(Object.entries(loads).map(([name, count]) => [name, new LoadAverage(count(sources))]))
  }

  /** Lets the averages go on. @param elapsedMs since the last time; more than 0 */
  advance(elapsedMs: number): void {
    for (const [name, average] of this.#averages) average.update(loads[name]!(this.#sources), elapsedMs)
  }

  /** Name and value of every topic, in the order of {@link sysTopicNames}. */
  at(moment: SysMoment): [name: string, value: string][] {
    const from = { ...this.#sources, ...moment }
    const rates = [...this.#averages].flatMap(([name, { rates }]) => {
      return loadNames(name).map((topic, index): [string, string] => [topic, rates[index]!.toFixed(2)])
    })
    return [
      ...Object.entries(values).map(([name, value]): [string, string] => [name, String(value(from))]),
      ...dropReasons.map((reason): [string, string] => [`dropped/${reason}`, String(from.drops[reason])]),
      ...rates,
    ]
  }
}
