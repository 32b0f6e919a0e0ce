import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrokerKind, BrokerProcess } from './brokers.ts'
import { checkDeliveries, type DeliveryCounts } from './checkers.ts'
import { freePort } from './free-port.ts'
import { Load } from './load.ts'
import { Random } from './random.ts'
import { readRetained } from './retained.ts'
import { type FaultKind, Stage } from './stage.ts'

export interface CrashOptions {
  readonly kind: BrokerKind
  readonly kills: number
  readonly seed: number
  /** What a kill is: of the broker, or, so that the harness itself can be tried, of all connections to it. */
  readonly target?: 'broker' | 'connections'
  /** Called after each kill. */
  readonly onKill?: (kills: number, stage: Stage) => void
  /** Whether the folder of the broker stays, with what it holds at the end. */
  readonly keepsFolder?: boolean
  /** The client whose packets are written to standard error. */
  readonly tracedClientId?: string | undefined
}

export interface CrashResult extends DeliveryCounts {
  readonly broker: string
  readonly title: string
  readonly version: string
  readonly seed: number
  readonly kills: number
  /** Of the kills, how many came while the broker was starting. */
  readonly killsDuringStart: number
  readonly seconds: number
  /** Milliseconds from the start of the process until it listened, the median. */
  readonly startMs: number
  readonly refused: number
  readonly faults: Readonly<Record<FaultKind, number>>
  readonly examples: readonly string[]
}

/** Of the kills, so many come before the broker listens. */
const KILL_DURING_START_PROBABILITY = 0.08

/** So many come soon after it listens, while clients reconnect and send again. */
const EARLY_KILL_PROBABILITY = 0.3
const EARLY_EVENTS_MAX = 300
const EVENTS_MAX = 8_000

/** And a few late, when the broker has had time to tidy up its store. */
const LATE_KILL_PROBABILITY = 0.04
const LATE_EVENTS_MAX = 80_000

const AUDIT_PROBABILITY = 0.5

/** Kills a broker again and again in the middle of traffic, and finds out what became of what it acknowledged. */
export async function runCrashes(options: CrashOptions): Promise<CrashResult> {
  const run = new CrashRun(options)
  try {
    return await run.run()
  } finally {
    await run.cleanUp()
  }
}

class CrashRun {
  readonly #options: CrashOptions
  readonly #folder = mkdtempSync(join(tmpdir(), 'curlew-crash-'))
  readonly #stage = new Stage()
  readonly #random: Random
  readonly #load: Load
  readonly #startTimesMs: number[] = []
  #broker: BrokerProcess | undefined
  #kills = 0
  #killsDuringStart = 0

  constructor(options: CrashOptions) {
    this.#options = options
    this.#stage.tracedClientId = options.tracedClientId
    const random = new Random(options.seed)
    this.#random = random.fork('kills')
    this.#load = new Load(this.#stage, random, options.kind.versions)
  }

  async run(): Promise<CrashResult> {
    const beganMs = performance.now()
    while (this.#kills < this.#options.kills) await this.#round()
    await this.#finish()
    await this.#kill()
    await this.#endBroker()
    const { kind, seed } = this.#options
    const counts = checkDeliveries(this.#stage, this.#load.subscribers)
    return {
      broker: kind.name,
      title: kind.title,
      version: kind.version() ?? 'unknown',
      seed,
      kills: this.#kills,
      killsDuringStart: this.#killsDuringStart,
      seconds: Math.round((performance.now() - beganMs) / 100) / 10,
      startMs: Math.round(this.#startTimesMs.sort((a, b) => a - b)[this.#startTimesMs.length >> 1] ?? 0),
      refused: this.#load.publishers.reduce((sum, { refusedCount }) => sum + refusedCount, 0),
      ...counts,
      faults: this.#stage.faultCounts,
      examples: this.#stage.examples,
    }
  }

  async cleanUp(): Promise<void> {
    await this.#kill()
    await this.#endBroker()
    if (!this.#options.keepsFolder) rmSync(this.#folder, { recursive: true, force: true })
  }

  async #round(): Promise<void> {
    const { timeline } = this.#stage
    timeline.round++
    if (await this.#start()) await this.#traffic()
    else this.#killsDuringStart++
    this.#kills++
    this.#options.onKill?.(this.#kills, this.#stage)
  }

  /** @returns whether the broker listens; `false` when it was killed before that */
  async #start(): Promise<boolean> {
    const running = this.#broker
    if (running !== undefined) {
      this.#stage.port = await running.listening
      return true
    }
    const typicalMs = this.#startTimesMs.at(-1)
    const broker = await this.#spawn()
    if (typicalMs !== undefined && !this.#stage.isEnding && this.#random.chance(KILL_DURING_START_PROBABILITY)) {
      const timer = setTimeout(() => broker.kill(), this.#random.next() * typicalMs)
      const hasStarted = await broker.listening.then(
        () => true,
        () => false,
      )
      clearTimeout(timer)
      if (!hasStarted) {
        await this.#endBroker()
        return false
      }
    }
    await this.#open(broker)
    return true
  }

  async #spawn(): Promise<BrokerProcess> {
    const { kind } = this.#options
    const broker = new BrokerProcess(kind, this.#folder, await freePort())
    this.#broker = broker
    return broker
  }

  async #open(broker: BrokerProcess): Promise<void> {
    const beganMs = performance.now()
    this.#stage.port = await broker.listening
    this.#startTimesMs.push(performance.now() - beganMs)
    void broker.ended.then(() => {
      if (this.#broker === broker && this.#stage.port !== undefined) this.#died(broker)
    })
  }

  /** The broker has ended without being told to. */
  #died({ output }: BrokerProcess): void {
    this.#stage.port = undefined
    this.#stage.report('protocolErrors', `the broker ended by itself:\n${output.slice(-2_000)}`)
    this.#stage.timeline.advance()
  }

  /** Traffic until the moment of the kill. */
  async #traffic(): Promise<void> {
    const stage = this.#stage
    const events = this.#random.between(1, this.#eventsMax())
    if (this.#random.chance(AUDIT_PROBABILITY)) await this.#audit()
    let isOver = false
    stage.timeline.after(events, () => {
      isOver = true
      this.#signal()
    })
    this.#load.brokerStarted()
    const isReached = await stage.timeline.until(() => isOver || stage.port === undefined)
    if (!isReached) stage.report('stuck', `no traffic; the broker was to be killed after ${events} events`)
    isOver = true
    await this.#kill()
  }

  #eventsMax(): number {
    if (this.#random.chance(EARLY_KILL_PROBABILITY)) return EARLY_EVENTS_MAX
    return this.#random.chance(LATE_KILL_PROBABILITY) ? LATE_EVENTS_MAX : EVENTS_MAX
  }

  /** Nobody writes retained messages now. */
  async #audit(): Promise<void> {
    const { kind } = this.#options
    const found = await readRetained(this.#stage, kind.versions.includes(5) ? 5 : 4)
    if (found === undefined) this.#stage.report('protocolErrors', 'retained messages could not be read')
    else this.#load.retained.check(found)
  }

  /** In the middle of whatever is happening: no client gets a turn between the event and the signal. */
  #signal(): void {
    if (this.#stage.port === undefined) return
    this.#stage.port = undefined
    if (this.#isBrokerTarget) this.#broker?.kill()
    else this.#load.cut()
    this.#load.brokerKilled()
  }

  /** Kills the broker, if it lives, and waits until it and all connections are gone. */
  async #kill(): Promise<void> {
    this.#signal()
    if (this.#isBrokerTarget) await this.#endBroker()
    await this.#stage.timeline.until(() => this.#stage.connectionCount === 0)
  }

  get #isBrokerTarget(): boolean {
    return this.#options.target !== 'connections'
  }

  async #endBroker(): Promise<void> {
    const broker = this.#broker
    if (broker === undefined) return
    broker.kill()
    await broker.ended
    this.#broker = undefined
    for (const [line] of broker.output.matchAll(/^.*"level":"error".*$/gm)) {
      this.#stage.report('protocolErrors', `the broker logged ${line}`)
    }
  }

  /** A last start: everything that is owed is delivered, and nobody changes anything any more. */
  async #finish(): Promise<void> {
    const stage = this.#stage
    const { timeline } = stage
    stage.isEnding = true
    timeline.round++
    await this.#start()
    await this.#audit()
    this.#load.brokerStarted()
    if (!(await this.#load.settle())) this.#reportStuck('not everything is acknowledged')
    if (!(await this.#load.probe())) {
      this.#reportStuck('not everybody has got the last messages')
      if (!(await this.#load.retry())) this.#reportStuck('and not after connecting anew')
    }
    await this.#audit()
  }

  #reportStuck(what: string): void {
    this.#stage.report('stuck', `${what}: ${this.#load.describeUnfinished()}`)
  }
}
