import { BrokerHost } from './broker-host.ts'
import { Cast } from './cast.ts'
import { Chaos } from './chaos.ts'
import { type Damage, DiskDamage } from './disk-damage.ts'
import { EventQueue } from './event-queue.ts'
import { type FoundationChange, foundationOf } from './foundation.ts'
import type { JournalCalls } from './journal-store.ts'
import { Ledger } from './ledger.ts'
import { networkConditionsOf, queueLimitsOf, type SimulationOptions } from './options.ts'
import { Random } from './random.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import { Link, type NetworkConditions } from './simulated-network.ts'
import { Trace } from './trace.ts'
import { Violation } from './violation.ts'

/** What one seed came to. */
export interface SimulationResult {
  readonly options: SimulationOptions
  /** The promise that was broken, if one was. */
  readonly violation: Violation | undefined
  /** The same for the same options, always. */
  readonly hash: string
  readonly events: number
  readonly virtualMs: number
  readonly published: number
  readonly received: number
}

export interface SimulationSettings {
  /** Gets a line for everything that happens. */
  print?: (line: string) => void
  /** Puts a known bug in. */
  change?: FoundationChange
}

/** Virtual time within which everything that is acknowledged must be delivered once nothing goes wrong any more, in milliseconds. */
export const LIVENESS_MAX_MS = 60_000
const POLL_MS = 250
const READ_MS = 2_500
const STOP_MS = 40_000

/** Runs one simulation from its options: a phase in which things go wrong, one in which they do not, and the end. */
export async function simulate(
  options: SimulationOptions,
  settings: SimulationSettings = {},
): Promise<SimulationResult> {
  const takeOut = settings.change?.putIn?.()
  const simulation = new Simulation(options, settings)
  let violation: Violation | undefined
  try {
    await simulation.run()
  } catch (error) {
    violation =
      error instanceof Violation ? error : new Violation('an exception', (error as Error).stack ?? String(error))
  } finally {
    takeOut?.()
  }
  return simulation.result(violation)
}

class Simulation {
  readonly #options: SimulationOptions
  readonly #queue: EventQueue
  readonly #trace: Trace
  readonly #ledger: Ledger
  readonly #host: BrokerHost
  readonly #cast: Cast
  readonly #chaos: Chaos
  readonly #random: Random
  readonly #conditions: NetworkConditions
  #isActive = true
  #links = 0

  constructor(options: SimulationOptions, { print, change }: SimulationSettings) {
    this.#options = options
    const random = new Random(options.seed)
    this.#random = random
    const conditions = networkConditionsOf(options)
    this.#conditions = conditions
    const queue = new EventQueue(random.fork('ties'))
    const trace = new Trace(queue, print)
    const queueLimits = queueLimitsOf(options)
    const ledger = new Ledger(queue, queueLimits)
    const disk = new SimulatedDisk(random.fork('disk'), trace)
    const journal: JournalCalls = []
    const engines = random.fork('engines')
    const onStep = (): void => this.#chaos.atWrite()
    const onFailure = (): void => {
      ledger.trouble()
    }
    const damage = new DiskDamage(disk, random.fork('damage'), trace, options)
    const onOpened = (): void => this.#suffer(damage.strike())
    const lay = foundationOf({ queue, random: engines, disk, journal, options, onStep, onFailure, onOpened }, change)
    this.#queue = queue
    this.#trace = trace
    this.#ledger = ledger
    this.#host = new BrokerHost({
      queue,
      random: random.fork('host'),
      trace,
      disk,
      options,
      ledger,
      lay,
      queueLimits,
    })
    this.#cast = new Cast({
      queue,
      random: random.fork('cast'),
      trace,
      ledger,
      options,
      host: this.#host,
      isActive: () => this.#isActive,
      dial: handler => this.#dial(handler),
      fail: violation => {
        this.#host.violation ??= violation
      },
    })
    const { clients, forgetful } = this.#cast
    const forChaos = { queue, random: random.fork('chaos'), trace, options, conditions, disk, clients, ledger }
    this.#chaos = new Chaos({ ...forChaos, forgetful, host: this.#host })
  }

  async run(): Promise<void> {
    this.#host.start()
    this.#cast.start()
    this.#chaos.start()
    await this.#pass(this.#options.activeMs)
    this.#trace.note('phase: liveness')
    this.#isActive = false
    this.#chaos.heal()
    await this.#converge()
    await this.#compareRetained()
    await this.#stop()
  }

  result(violation: Violation | undefined): SimulationResult {
    const { step: events, nowMs: virtualMs } = this.#queue
    const { messages, receivedCount } = this.#ledger
    this.#trace.note('result', violation?.message)
    const { hash } = this.#trace
    const numbers = { events, virtualMs, published: messages.size, received: receivedCount }
    return { options: this.#options, violation, hash, ...numbers }
  }

  async #pass(durationMs: number, isDone: () => boolean = () => false): Promise<void> {
    const host = this.#host
    await this.#queue.runUntil(this.#queue.nowMs + durationMs, () => host.violation !== undefined || isDone())
    if (host.violation !== undefined) throw host.violation
  }

  /** Waits until everything acknowledged is delivered, and nothing is under way. */
  async #converge(): Promise<void> {
    const endMs = this.#queue.nowMs + LIVENESS_MAX_MS
    while (!this.#hasConverged()) {
      if (this.#queue.nowMs >= endMs) throw this.#lost()
      await this.#pass(POLL_MS)
    }
  }

  #hasConverged(): boolean {
    const isDelivered = this.#ledger.outstanding().next().done === true
    return isDelivered && this.#host.isListening && this.#cast.isQuiet && this.#uncounted() === undefined
  }

  /** What is missing beyond what the broker has counted; it may still be on its way. */
  #uncounted(): Violation | undefined {
    return this.#ledger.uncounted(this.#host.drops)
  }

  #lost(): Violation {
    const outstanding = [...this.#ledger.outstanding()]
    const uncounted = this.#uncounted()
    if (outstanding.length > 0) {
      const details = `${outstanding.length} of them, such as ${outstanding.slice(0, 3).join('; ')}`
      return new Violation('an acknowledged message is lost', details)
    }
    if (uncounted !== undefined) return uncounted
    const busy = this.#cast.unquiet().join('; ')
    return new Violation('the broker does not recover', `listening: ${this.#host.isListening}; ${busy}`)
  }

  async #compareRetained(): Promise<void> {
    if (this.#options.population.retainedWriters === 0) return
    if (this.#options.faults['final-power-cut'] > 0) {
      this.#host.cutPower()
      await this.#pass(LIVENESS_MAX_MS, () => this.#host.isListening)
    }
    const reader = this.#cast.addFinalReader()
    await this.#pass(LIVENESS_MAX_MS, () => reader.hasAnswer)
    if (!reader.hasAnswer) throw new Violation('the broker does not recover', 'the last reader gets no SUBACK')
    await this.#pass(READ_MS)
    reader.checkComplete(this.#queue.nowMs)
  }

  async #stop(): Promise<void> {
    this.#cast.retire()
    await this.#pass(1_000)
    let hasStopped = false
    void this.#host.stop().then(() => {
      hasStopped = true
    })
    await this.#pass(STOP_MS, () => hasStopped)
    if (!hasStopped) throw new Violation('the broker does not stop', 'at the end')
    const stats = this.#host.broker?.stats()
    if (stats !== undefined && stats.connections > 0) {
      throw new Violation('the broker keeps connections', `${stats.connections} after it has stopped`)
    }
  }

  /** What is damaged need not be kept; everything else must. */
  #suffer(damage: Damage | undefined): void {
    if (damage === undefined) return
    this.#host.expectDamage(damage.isReadAtStart)
    this.#ledger.suffer(damage)
    this.#cast.suffer(damage, this.#host.processId)
  }

  #dial(handler: ConstructorParameters<typeof Link>[2]): Link {
    const id = ++this.#links
    const conditions = this.#conditions
    const services = { queue: this.#queue, random: this.#random.fork(`link ${id}`), conditions, trace: this.#trace }
    const link = new Link(id, services, handler)
    this.#queue.after(conditions.delayMinMs, () => this.#host.accept(link))
    return link
  }
}
