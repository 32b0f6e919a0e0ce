import type { Limits } from '../../../packages/broker/src/index.ts'
import type { QueueLimits } from './queue-drops.ts'
import { Random } from './random.ts'
import type { NetworkConditions } from './simulated-network.ts'

/** Faults with the mean time between two of them, in milliseconds of virtual time. */
export const timedFaults = [
  /** The network ends a connection: both sides hear of it. */
  'drop',
  /** A client is gone without a word; the broker hears of it. */
  'vanish',
  /** A client is gone and nobody hears of it; it comes back and takes over its own Session. */
  'lost-silently',
  /** Nothing arrives in one direction any more. */
  'silence-up',
  'silence-down',
  /** A client reads nothing for a while. */
  'freeze',
  /** A client says DISCONNECT and comes back. */
  'leave',
  /** kill -9 of the broker. */
  'kill',
  /** The broker's host loses its power. */
  'power-cut',
  /** The broker is stopped in good order and started again. */
  'restart',
  /** The disk is full for a while. */
  'disk-full',
  /** One write fails. */
  'write-error',
  /** One sync fails; the next one succeeds. */
  'sync-error',
  /** Syncs fail for a while. */
  'sync-errors',
  /** The disk is slow for a while. */
  'slow-disk',
  /** The clock on the wall jumps by up to a day, or by a day. */
  'clock-jump',
  /** A client crashes and forgets what it had in memory, or goes on with Clean Start besides. */
  'memory-loss',
  'start-anew',
  /** A client connects again beside its own connection. */
  'take-over',
] as const

/** Faults with a probability per occasion. */
export const likelyFaults = [
  /** kill -9 between the steps of a write. */
  'kill-at-write',
  /** The power goes between the steps of a write. */
  'power-cut-at-write',
  /** A write to the network arrives in pieces. */
  'split',
  /** Pieces that have arrived are read as one. */
  'merge',
  /** The network is slow. */
  'delay',
  /** The broker's host buffers little for a connection. */
  'small-buffers',
  /** Messages have a Message Expiry Interval now and then. */
  'message-expiry',
  /** Queues take few messages or bytes: the oldest go. */
  'small-queues',
  /** A byte of what is stored has changed, or a row has lost its end, when the broker starts. */
  'bit-flip',
  'truncation',
  /** Power cut when all is delivered, before retained messages are compared. */
  'final-power-cut',
] as const

export type FaultName = (typeof timedFaults)[number] | (typeof likelyFaults)[number]
export const faultNames: readonly FaultName[] = [...timedFaults, ...likelyFaults]

const diskFaults: readonly FaultName[] = [
  'power-cut',
  'power-cut-at-write',
  'final-power-cut',
  'kill-at-write',
  'disk-full',
  'write-error',
  'sync-error',
  'sync-errors',
  'slow-disk',
  'bit-flip',
  'truncation',
]
const powerFaults: readonly FaultName[] = [
  'power-cut',
  'power-cut-at-write',
  'final-power-cut',
  'sync-error',
  'sync-errors',
]

/** What stands behind the broker: the real store or a simpler one, on the simulated disk, or nothing that can fail. */
export type StoreKind = 'disk' | 'journal' | 'memory'

/** As often as they are tried: mostly the real store. */
export const stores: readonly StoreKind[] = ['disk', 'disk', 'disk', 'disk', 'journal', 'memory']

/** How many clients of each kind there are. */
export interface Population {
  publishers: number
  subscribers: number
  changingSubscribers: number
  groupMembers: number
  groupPublishers: number
  retainedWriters: number
  retainedReaders: number
  willHolders: number
  /** Subscribers that lose their memory, see the faults `memory-loss` and `start-anew`. */
  forgetfulSubscribers: number
  /** Members of the group that come, go and forget. */
  changingMembers: number
  /** Clients with short Session Expiry Intervals. */
  expiringSessions: number
}

/** Everything that a seed decides before the first event. */
export interface SimulationOptions {
  readonly seed: number
  store: StoreKind
  durability: 'always' | 'interval'
  /** Virtual time in which faults happen and clients begin things, in milliseconds. */
  activeMs: number
  /** Milliseconds between two messages of a publisher, at most. */
  periodMs: number
  messagesMax: number
  population: Population
  limits: Partial<Limits>
  /** Mean milliseconds between two, or probability; 0: off. */
  faults: Record<FaultName, number>
}

const meanMs: Partial<Record<FaultName, readonly [min: number, max: number]>> = {
  leave: [500, 4_000],
  restart: [3_000, 15_000],
  'clock-jump': [2_000, 10_000],
  'memory-loss': [1_000, 5_000],
  'start-anew': [1_500, 8_000],
}

/** @param only the store to use, whatever the seed says */
export function optionsOf(seed: number, only?: StoreKind): SimulationOptions {
  const random = new Random(seed).fork('options')
  const drawn = random.pick(stores)
  const store = only ?? drawn
  const isInterval = random.chance(0.15)
  const durability = store === 'disk' && isInterval ? 'interval' : 'always'
  return {
    seed,
    store,
    durability,
    activeMs: random.between(2_000, 12_000),
    periodMs: random.pick([20, 60, 150, 400]),
    messagesMax: random.between(10, 80),
    population: populationOf(random.fork('population')),
    limits: limitsOf(random.fork('limits')),
    faults: faultsOf(random.fork('faults'), store, durability),
  }
}

function populationOf(random: Random): Population {
  const hasGroup = random.chance(0.4)
  const hasRetained = random.chance(0.5)
  return {
    publishers: random.between(1, 3),
    subscribers: random.between(1, 3),
    changingSubscribers: random.chance(0.4) ? random.between(1, 2) : 0,
    groupMembers: hasGroup ? random.between(1, 3) : 0,
    groupPublishers: hasGroup ? random.between(1, 2) : 0,
    retainedWriters: hasRetained ? random.between(1, 3) : 0,
    retainedReaders: hasRetained ? random.between(0, 1) : 0,
    willHolders: random.chance(0.4) ? random.between(1, 2) : 0,
    forgetfulSubscribers: random.chance(0.4) ? random.between(1, 2) : 0,
    changingMembers: hasGroup && random.chance(0.6) ? random.between(1, 2) : 0,
    expiringSessions: random.chance(0.3) ? random.between(1, 2) : 0,
  }
}

function limitsOf(random: Random): Partial<Limits> {
  return {
    inFlightMessagesMax: random.pick([1, 2, 5, 20, 100]),
    receiveMaximum: random.pick([1, 5, 20, 100]),
    outputHighWaterBytes: random.pick([500, 5_000, 100_000]),
    stalledOutputTimeoutMs: random.pick([2_000, 10_000]),
    lingerMs: random.pick([50, 1_000]),
  }
}

function faultsOf(random: Random, store: StoreKind, durability: string): Record<FaultName, number> {
  const share = random.pick([0.1, 0.3, 0.5])
  const faults = Object.fromEntries(faultNames.map(name => [name, 0])) as Record<FaultName, number>
  for (const name of timedFaults) {
    const own = random.fork(name)
    const [minMs, maxMs] = meanMs[name] ?? [1_500, 12_000]
    if (own.chance(share)) faults[name] = own.between(minMs, maxMs)
  }
  for (const name of likelyFaults) {
    const own = random.fork(name)
    if (!own.chance(share)) continue
    faults[name] = /-at-write$/.test(name) ? own.pick([0.002, 0.01, 0.04]) : own.pick([0.1, 0.5, 1])
  }
  if (store === 'memory') for (const name of diskFaults) faults[name] = 0
  if (durability === 'interval') for (const name of powerFaults) faults[name] = 0
  return faults
}

/** What can be switched off: faults, and kinds of clients. */
export function switchesOf({ faults, population }: SimulationOptions): string[] {
  return [...Object.entries(faults), ...Object.entries(population)]
    .filter(([, value]) => value > 0)
    .map(([name]) => name)
}

/** The same simulation without some of its faults and kinds of clients; all else is drawn as before. */
export function without(options: SimulationOptions, names: readonly string[]): SimulationOptions {
  const off = <Switches extends object>(switches: Switches): Switches => {
    const entries = Object.entries(switches).map(([name, value]) => [name, names.includes(name) ? 0 : value])
    return Object.fromEntries(entries) as Switches
  }
  return { ...options, faults: off(options.faults), population: off(options.population) }
}

/** Queues that overflow soon; `undefined` when the seed has none. */
export function queueLimitsOf({ seed, faults }: SimulationOptions): QueueLimits | undefined {
  if (faults['small-queues'] === 0) return undefined
  const random = new Random(seed).fork('queue limits')
  return { queuedMessagesMax: random.pick([2, 5, 20, 60]), queuedBytesMax: random.pick([1_000, 5_000, 1_000_000]) }
}

export function networkConditionsOf({ seed, faults }: SimulationOptions): NetworkConditions {
  const random = new Random(seed).fork('network conditions')
  return {
    delayMinMs: faults.delay > 0 ? random.pick([1, 20]) : 0.0625,
    delayMaxMs: faults.delay > 0 ? random.pick([30, 100, 400]) : random.pick([0.5, 5]),
    splitRate: faults.split,
    mergeRate: faults.merge,
    sendBufferBytes: faults['small-buffers'] > 0 ? random.pick([64, 1_000]) : 65_536,
  }
}

/** One line for people: what the seed has decided. */
export function describeOptions({ faults, population, limits, ...rest }: SimulationOptions): string {
  const pairs = (object: object): string =>
    Object.entries(object)
      .filter(([, value]) => value !== 0)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')
  return `${pairs(rest)}\n  clients: ${pairs(population)}\n  limits: ${pairs(limits)}\n  faults: ${pairs(faults) || 'none'}`
}
