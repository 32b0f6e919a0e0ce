import { type BrokerHost, WALL_CLOCK_MS } from './broker-host.ts'
import type { EventQueue } from './event-queue.ts'
import type { Ledger } from './ledger.ts'
import { type SimulationOptions, timedFaults } from './options.ts'
import type { Random } from './random.ts'
import type { SimulatedClient } from './simulated-client.ts'
import type { SimulatedDisk } from './simulated-disk.ts'
import type { NetworkConditions } from './simulated-network.ts'
import type { Trace } from './trace.ts'

export interface ChaosServices {
  readonly queue: EventQueue
  readonly random: Random
  readonly trace: Trace
  readonly options: SimulationOptions
  readonly conditions: NetworkConditions
  readonly host: BrokerHost
  readonly disk: SimulatedDisk
  readonly clients: readonly SimulatedClient[]
  /** Those that may lose their memory. */
  readonly forgetful: readonly SimulatedClient[]
  readonly ledger: Ledger
}

type TimedFault = (typeof timedFaults)[number]

const DAY_MS = 86_400_000

/** Whoever makes things go wrong, as often as the options say, until {@link heal}. Each fault draws from its own stream of chance. */
export class Chaos {
  readonly #services: ChaosServices
  /** Ends what lasts a while, such as a full disk. */
  #isOver = false

  constructor(services: ChaosServices) {
    this.#services = services
  }

  start(): void {
    const { options, random } = this.#services
    for (const name of timedFaults) if (options.faults[name] > 0) this.#next(name, random.fork(name))
  }

  /** Between two steps of a write to the disk. */
  atWrite(): void {
    const { options, random, host, queue } = this.#services
    if (this.#isOver) return
    const stream = random
    if (stream.chance(options.faults['kill-at-write'])) queue.after(0, () => host.kill())
    else if (stream.chance(options.faults['power-cut-at-write'])) queue.after(0, () => host.cutPower())
  }

  /** From now on nothing goes wrong any more, and what was broken is mended. */
  heal(): void {
    this.#isOver = true
    Object.assign(this.#services.conditions, { delayMinMs: 0.0625, delayMaxMs: 1 })
    const { trouble } = this.#services.disk
    trouble.isFull = false
    trouble.failingWrites = 0
    trouble.failingSyncs = 0
    trouble.slowness = 1
  }

  #next(name: TimedFault, random: Random): void {
    const { options, queue, trace, ledger } = this.#services
    queue.after(random.duration(0, options.faults[name] * 2), () => {
      if (this.#isOver) return
      trace.note('fault', name)
      if (name !== 'leave' && name !== 'clock-jump') ledger.failures++
      if (/silen|freeze/.test(name)) ledger.hasLingeringFailure = true
      this.#inflict(name, random)
      this.#next(name, random)
    })
  }

  #inflict(name: TimedFault, random: Random): void {
    const { clients, forgetful, host, ledger, queue } = this.#services
    const client = random.pick(clients)
    switch (name) {
      case 'drop':
        return client.link?.drop()
      case 'vanish':
        return client.vanish(true)
      case 'lost-silently':
        return client.vanish(false)
      case 'silence-up':
        return client.link?.silence('up')
      case 'silence-down':
        return client.link?.silence('down')
      case 'freeze':
        return client.freeze(random.duration(500, 8_000))
      case 'leave':
        return client.leave()
      case 'kill':
        return host.kill()
      case 'power-cut':
        return host.cutPower()
      case 'restart':
        return host.restart()
      case 'take-over':
        return client.takeOver()
      case 'memory-loss':
      case 'start-anew':
        if (forgetful.length > 0) random.pick(forgetful).forget(name === 'start-anew')
        return
      case 'clock-jump': {
        const jumpMs = random.chance(0.3) ? random.pick([-DAY_MS, DAY_MS]) : random.duration(-DAY_MS, DAY_MS)
        host.wallClock.offsetMs = WALL_CLOCK_MS + jumpMs
        ledger.lastJumpMs = queue.nowMs
        return
      }
      default:
        ledger.trouble()
        return this.#troubleDisk(name, random)
    }
  }

  #troubleDisk(name: TimedFault, random: Random): void {
    const { disk, queue } = this.#services
    const { trouble } = disk
    const whileMs = random.duration(100, 4_000)
    switch (name) {
      case 'write-error':
        trouble.failingWrites = 1
        return
      case 'sync-error':
        trouble.failingSyncs = 1
        return
      case 'sync-errors':
        trouble.failingSyncs = Number.POSITIVE_INFINITY
        queue.after(whileMs, () => {
          trouble.failingSyncs = 0
        })
        return
      case 'disk-full':
        trouble.isFull = true
        queue.after(whileMs, () => {
          trouble.isFull = false
        })
        return
      default:
        trouble.slowness = random.pick([5, 50, 200])
        queue.after(whileMs, () => {
          trouble.slowness = 1
        })
    }
  }
}
