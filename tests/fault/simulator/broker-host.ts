import { Duplex } from 'node:stream'
import { type Broker, createBroker, type Log, type LogFields, type Store } from '../../../packages/broker/src/index.ts'
import type { EventQueue } from './event-queue.ts'
import type { SimulationOptions } from './options.ts'
import type { CountedDrops, QueueLimits } from './queue-drops.ts'
import type { Random } from './random.ts'
import type { SimulatedDisk } from './simulated-disk.ts'
import type { SimulatedEngine } from './simulated-engine.ts'
import type { Link } from './simulated-network.ts'
import { SimulatedRuntime, type WallClock } from './simulated-runtime.ts'
import type { Trace } from './trace.ts'
import { Violation } from './violation.ts'

/** What a process stands on that was started on this host. */
export interface Foundation {
  readonly store: Store
  /** `undefined` when the store has no disk. */
  readonly engine: SimulatedEngine | undefined
}

export interface HostServices {
  readonly queue: EventQueue
  readonly random: Random
  readonly trace: Trace
  readonly disk: SimulatedDisk
  readonly options: SimulationOptions
  readonly ledger: { failures: number; crash(): void; listen(): void }
  /** Limits on queues that the seed asks for. */
  readonly queueLimits: QueueLimits | undefined
  lay(runtime: SimulatedRuntime, log: Log): Foundation
}

interface Process {
  readonly id: number
  readonly runtime: SimulatedRuntime
  readonly broker: Broker
  readonly engine: SimulatedEngine | undefined
  readonly links: Set<Link>
  state: 'starting' | 'listening' | 'stopping'
}

/** Wall clock less virtual time at the beginning, in milliseconds. */
export const WALL_CLOCK_MS = 1_700_000_000_000
/** A store that has failed and does not help itself is restarted by its operator after so long, in milliseconds. */
const OPERATOR_PATIENCE_MS = 6_000
/** A broker that stops in good order must be gone by then, in milliseconds; a disk that does not answer may hold it up. */
const STOP_PATIENCE_MS = 30_000

/**
 * The machine that the broker runs on, with whoever starts it again: at most one process at a time. A killed process stops in
 * the midst of whatever it did; its connections and its lock on the files go with it.
 */
export class BrokerHost {
  /** Of the wall: survives everything. */
  readonly wallClock: WallClock = { offsetMs: WALL_CLOCK_MS }
  readonly #services: HostServices
  readonly #random: Random
  #process: Process | undefined
  #started = 0
  #bootedMs = -5_000
  /** Whether anything that was stored has ever been damaged. */
  #isDamaged = false
  /** Damaged rows that the broker has read, or is about to, and has not reported. */
  #unreported = 0
  readonly #drops = { queueFull: 0, expired: 0, damaged: 0 }
  /** What the broker says of itself that must not be: an internal error. */
  violation: Violation | undefined

  constructor(services: HostServices) {
    this.#services = services
    this.#random = services.random
    this.#watchStore()
  }

  get processId(): number {
    return this.#process?.id ?? 0
  }
  get isListening(): boolean {
    return this.#process?.state === 'listening'
  }
  /** Whether the broker can do everything. */
  get isWell(): boolean {
    const { trouble } = this.#services.disk
    return (
      this.isListening &&
      this.#process?.engine?.brokenSinceMs === undefined &&
      trouble.slowness === 1 &&
      !trouble.isFull
    )
  }
  get broker(): Broker | undefined {
    return this.#process?.broker
  }

  /** Something that is stored has been damaged. @param isReadAtStart whether the broker must say so when it has started */
  expectDamage(isReadAtStart: boolean): void {
    this.#isDamaged = true
    if (isReadAtStart) this.#unreported++
  }

  /** What all processes have counted that they did not deliver. */
  get drops(): CountedDrops {
    const sum = { ...this.#drops }
    if (this.#process !== undefined) addDrops(sum, this.#process.broker)
    return sum
  }

  start(): void {
    if (this.#process !== undefined) return
    const { queue, random, trace, lay, options, queueLimits } = this.#services
    const id = ++this.#started
    const runtime = new SimulatedRuntime(queue, random.fork(`process ${id}`), this.wallClock, this.#bootedMs)
    const log = this.#logOf(runtime)
    const { store, engine } = lay(runtime, log)
    const broker = createBroker({ store, runtime, log, limits: { ...options.limits, ...queueLimits } })
    const process: Process = { id, runtime, broker, engine, links: new Set(), state: 'starting' }
    this.#process = process
    trace.note('broker: start', id)
    // A stream that is gone already makes the broker read its store, as listening does.
    const probe = new Duplex({ read() {}, write() {} })
    probe.destroy()
    broker.attach(probe).then(
      () => {
        if (!runtime.isAlive) return
        process.state = 'listening'
        this.#services.ledger.listen()
        if (this.#unreported > 0) this.violation ??= new Violation('damage is not reported', `process ${id}`)
        trace.note('broker: listening', id)
      },
      (error: Error) => {
        if (runtime.isAlive) this.#giveUpStart(process, error)
      },
    )
  }

  /** A client's connection arrives. */
  accept(link: Link): void {
    const process = this.#process
    if (process?.state !== 'listening') return link.loseProcess(false)
    link.processId = process.id
    process.links.add(link)
    process.broker.attach(link.server).catch(() => link.server.destroy())
  }

  /** kill -9, and a start a while later. */
  kill(): void {
    this.#end('killed', false)
  }

  cutPower(): void {
    const { disk, queue, options } = this.#services
    this.#end('without power', true)
    disk.cutPower()
    // The journal keeps messages as they are, with moments of the clock that a boot would begin anew.
    if (options.store === 'disk') this.#bootedMs = queue.nowMs - this.#random.duration(1_000, 60_000)
  }

  /** Stops in good order, and starts again. */
  restart(): void {
    const process = this.#process
    if (process?.state !== 'listening') return
    this.stop().then(() => {
      if (this.#process !== process) return
      process.runtime.isAlive = false
      addDrops(this.#drops, process.broker)
      this.#process = undefined
      this.#startLater()
    })
  }

  /** @returns when the broker says that it has stopped, which must be soon */
  async stop(): Promise<void> {
    const process = this.#process
    if (process === undefined) return
    const { trace, queue, ledger, disk } = this.#services
    ledger.failures++
    trace.note('broker: stopping', process.id)
    process.state = 'stopping'
    let hasStopped = false
    queue.after(STOP_PATIENCE_MS, () => {
      if (hasStopped || !process.runtime.isAlive) return
      const isExcused = disk.trouble.isFull || process.engine?.brokenSinceMs !== undefined
      if (isExcused) this.kill()
      else this.violation ??= new Violation('the broker does not stop', `process ${process.id}`)
    })
    const wasBroken = process.engine?.brokenSinceMs !== undefined
    await process.broker.close()
    hasStopped = true
    if (wasBroken || process.engine?.brokenSinceMs !== undefined) ledger.crash()
  }

  #end(how: string, isHostGone: boolean): void {
    const process = this.#process
    if (process === undefined) return
    const { trace, disk, ledger } = this.#services
    trace.note(`broker: ${how}`, process.id)
    ledger.failures++
    ledger.crash()
    addDrops(this.#drops, process.broker)
    this.#process = undefined
    process.runtime.isAlive = false
    process.engine?.die()
    disk.loseOwner()
    for (const link of process.links) link.loseProcess(isHostGone)
    this.#startLater()
  }

  #giveUpStart(process: Process, error: Error): void {
    this.#services.trace.note('broker: cannot start', process.id, error.message)
    const isTrouble = error.name === 'EngineError' && (error as { fault?: string }).fault !== 'corrupt'
    if (!isTrouble) this.violation ??= new Violation('the broker cannot start', error.message)
    this.#end('has given up', false)
  }

  #startLater(): void {
    this.#services.queue.after(this.#random.duration(5, 1_500), () => this.start())
  }

  /** Stands in for the operator, who is told what to do when the store cannot help itself. */
  #watchStore(): void {
    const { queue } = this.#services
    queue.after(500, () => {
      const since = this.#process?.engine?.brokenSinceMs
      if (since !== undefined && queue.nowMs - since > OPERATOR_PATIENCE_MS) this.kill()
      this.#watchStore()
    })
  }

  #logOf(runtime: SimulatedRuntime): Log {
    const { trace } = this.#services
    const note = (level: string, event: string, fields: LogFields | undefined): void => {
      if (!runtime.isAlive) return
      const shown = Object.entries(fields ?? {}).map(([name, value]) => `${name}=${String(value)}`)
      trace.note(`log ${level}: ${event}`, ...shown)
    }
    return {
      info: (event, fields) => note('info', event, fields),
      warn: (event, fields) => note('warn', event, fields),
      error: (event, fields) => {
        note('error', event, fields)
        if (!runtime.isAlive) return
        const { error, reason } = fields ?? {}
        const details = `${event}: ${error instanceof Error ? (error.stack ?? error.message) : String(error ?? reason)}`
        const isDamage = /damaged|corrupt/.test(event)
        if (isDamage) this.#unreported = 0
        // No byte of the simulated disk changes by itself.
        if (isDamage && !this.#isDamaged) this.violation ??= new Violation('the store is damaged', details)
        if (/internal error|threw/.test(event)) this.violation ??= new Violation('an internal error', details)
      },
    }
  }
}

function addDrops(sum: { queueFull: number; expired: number; damaged: number }, broker: Broker): void {
  const { queueFull, expired, damaged } = broker.stats().drops
  sum.queueFull += queueFull
  sum.expired += expired
  sum.damaged += damaged
}
