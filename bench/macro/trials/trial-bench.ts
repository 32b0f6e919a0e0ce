import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type BrokerName, hasStore, programOf } from '../brokers/broker-names.ts'
import { type Broker, type BrokerOptions, startBroker } from '../brokers/brokers.ts'
import type { Cores } from '../brokers/cores.ts'
import { DataFolder } from '../brokers/data-folder.ts'
import type { HeapUse } from '../brokers/inspection.ts'
import { running } from '../brokers/running.ts'
import {
  type GeneratorMeasurement,
  GeneratorProcess,
  type GeneratorTask,
  LoadFailedError,
} from '../load/generator-process.ts'
import type { Target } from '../load/load.ts'
import type { Round } from '../load/round.ts'
import { isFaulty } from '../results.ts'
import type { Scenario } from '../scenarios.ts'

/** A broker with its folder and a load generator, for one trial. */
export class TrialBench {
  readonly #name: BrokerName
  readonly #scenario: Scenario
  readonly #cores: Cores
  readonly #profile: BrokerOptions['profile']
  readonly #folder = new DataFolder()
  #broker: Broker | undefined
  #generator: GeneratorProcess | undefined

  constructor(name: BrokerName, scenario: Scenario, cores: Cores, profile: BrokerOptions['profile']) {
    this.#name = name
    this.#scenario = scenario
    this.#cores = cores
    this.#profile = profile
    running.add(this.#folder)
  }

  /** Starts broker and generator, and prepares the load if its receivers are to be away. */
  async open(): Promise<void> {
    await this.#start()
    this.#generator = new GeneratorProcess(this.#cores.generator)
    running.add(this.#generator)
    if (this.#scenario.isForLater) await this.perform({ type: 'prepare', target: this.target })
  }

  get hasStore(): boolean {
    return hasStore(this.#name)
  }

  get target(): Target {
    const { port, pid } = this.#broker!
    return { scenario: this.#scenario, port, brokerPid: pid }
  }

  perform(task: GeneratorTask): Promise<void> {
    return this.#generator!.perform(task)
  }

  /** @throws {LoadFailedError} also when messages went wrong */
  async measure(measurement: GeneratorMeasurement): Promise<Round> {
    const { round, faults } = await this.#generator!.measure(measurement)
    if (isFaulty(this.#scenario.qos, faults))
      throw new LoadFailedError(`wrong messages: ${JSON.stringify(faults)}`, faults)
    return round
  }

  /**
   * Kills the broker and starts it again. Mosquitto is asked to end instead: it would have nothing.
   *
   * @returns milliseconds from its start until it listens
   */
  async restart(): Promise<number> {
    const broker = this.#broker!
    if (programOf(this.#name) === 'curlew') broker.kill()
    else void broker.stop()
    await broker.exited
    running.delete(broker)
    const startMs = performance.now()
    await this.#start()
    return performance.now() - startMs
  }

  /** Memory of the broker now, and at most since its start. From Linux; elsewhere unknown: `NaN`. */
  memory(): { readonly residentMiB: number; readonly peakMiB: number } {
    const of = (name: string): number => {
      const line = new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(statusOf(this.target.brokerPid))
      return Number(line?.[1]) / 1024
    }
    return { residentMiB: of('VmRSS'), peakMiB: of('VmHWM') }
  }

  /** Memory after a full collection; `undefined` where nobody collects. */
  heap(): Promise<HeapUse> | undefined {
    return this.#broker!.inspect?.('memory') as Promise<HeapUse> | undefined
  }

  idle(ms: number): Promise<void> {
    return delay(ms)
  }

  async close(): Promise<void> {
    this.#generator?.kill()
    await this.#broker?.stop()
    this.#folder.remove()
    for (const part of [this.#generator, this.#broker, this.#folder]) if (part !== undefined) running.delete(part)
  }

  async #start(): Promise<void> {
    const { broker: core } = this.#cores
    this.#broker = await startBroker(this.#name, {
      ...{ folder: this.#folder.path, core, profile: this.#profile },
      transport: this.#scenario.transport,
    })
    running.add(this.#broker)
  }
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}
