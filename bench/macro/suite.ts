import type { GCProfilerResult } from 'node:v8'
import type { BrokerName } from './brokers/broker-names.ts'
import { type Broker, startBroker } from './brokers/brokers.ts'
import type { Cores } from './brokers/cores.ts'
import { DataFolder } from './brokers/data-folder.ts'
import { gcPausesOf } from './brokers/gc-pauses.ts'
import { running } from './brokers/running.ts'
import { GeneratorProcess, LoadFailedError } from './load/generator-process.ts'
import { type Faults, noFaults } from './load/message-order.ts'
import type { Round } from './load/round.ts'
import { brokersOf, type Options } from './options.ts'
import { type BrokerResult, isFaulty, medianRound, type ScenarioResult } from './results.ts'
import type { Scenario } from './scenarios.ts'

/** Part of each round before measuring starts: the time for queues to reach their usual length. */
const RAMP_MS = 150
/**
 * So much longer a paced load is warmed up and measured. It brings few messages: compilers are done with a broker's code later, and of 3000
 * messages a p99.9 is the third latest.
 */
const PACED_FACTOR = 5

/** One broker in one scenario. */
interface Contender {
  readonly name: BrokerName
  readonly rounds: Round[]
  folder: DataFolder | undefined
  broker: Broker | undefined
  generator: GeneratorProcess | undefined
  faults: Faults
  failure: string | undefined
}

/**
 * Starts all brokers with their loads and then measures them in turn, A B C A B C …, so that what disturbs the machine disturbs
 * them alike. Only one has load at a time.
 */
export async function runScenario(
  scenario: Scenario,
  options: Options,
  cores: Cores,
  report: (line: string) => void,
): Promise<ScenarioResult> {
  const contenders = brokersOf(scenario, options).map(
    (name): Contender => ({
      ...{ name, rounds: [], faults: noFaults() },
      ...{ folder: undefined, broker: undefined, generator: undefined, failure: undefined },
    }),
  )
  for (const contender of contenders) await attempt(contender, () => open(contender, scenario, options, cores))
  for (let round = 0; round < options.roundCount; round++) {
    for (const contender of contenders) {
      await attempt(contender, () => measure(contender, scenario, options))
      report(progressOf(contender, scenario, `${round + 1}/${options.roundCount}`))
    }
  }
  for (const contender of contenders) await close(contender)
  return { scenario, brokers: Object.fromEntries(contenders.map(contender => [contender.name, resultOf(contender)])) }
}

async function open(contender: Contender, scenario: Scenario, options: Options, cores: Cores): Promise<void> {
  const { name } = contender
  const file = `${scenario.name}-${name}.cpuprofile`.replaceAll(' ', '-')
  const profile = options.profileFolder === undefined ? undefined : { folder: options.profileFolder, file }
  const folder = new DataFolder()
  running.add(folder)
  contender.folder = folder
  const broker = await startBroker(name, {
    ...{ folder: folder.path, core: cores.broker, profile },
    transport: scenario.transport,
  })
  running.add(broker)
  contender.broker = broker
  const generator = new GeneratorProcess(cores.generator)
  running.add(generator)
  contender.generator = generator
  await generator.perform({ type: 'open', target: { scenario, port: broker.port, brokerPid: broker.pid } })
  const measuredMs = millisecondsOf(options.warmUpSeconds, scenario)
  const { faults } = await generator.measure({ type: 'run', rampMs: 0, measuredMs })
  judge(contender, scenario, faults)
}

async function measure(contender: Contender, scenario: Scenario, options: Options): Promise<void> {
  const inspect = options.watchesGc ? contender.broker!.inspect : undefined
  await inspect?.('watch-gc')
  const measuredMs = millisecondsOf(options.measuredSeconds, scenario)
  const { round, faults } = await contender.generator!.measure({ type: 'run', rampMs: RAMP_MS, measuredMs })
  const collections = (await inspect?.('end-gc')) as GCProfilerResult | undefined
  const gc = collections === undefined ? undefined : gcPausesOf(collections, round.carriedCount ?? 0)
  contender.rounds.push({ ...round, gc })
  judge(contender, scenario, faults)
}

function millisecondsOf(seconds: number, { ratePerSecond }: Scenario): number {
  return seconds * 1000 * (ratePerSecond === undefined ? 1 : PACED_FACTOR)
}

function judge(contender: Contender, { qos }: Scenario, faults: Faults): void {
  contender.faults = faults
  if (isFaulty(qos, faults)) throw new LoadFailedError(`wrong messages: ${JSON.stringify(faults)}`, faults)
}

/** Does a step unless an earlier one failed. What goes wrong with one broker must not keep the others from being measured. */
async function attempt(contender: Contender, step: () => Promise<void>): Promise<void> {
  if (contender.failure !== undefined) return
  try {
    await step()
  } catch (error) {
    contender.failure = (error as Error).message
    if (error instanceof LoadFailedError && error.faults) contender.faults = error.faults
  }
}

async function close(contender: Contender): Promise<void> {
  const { folder, broker, generator } = contender
  await attempt(contender, async () => generator?.perform({ type: 'close' }))
  generator?.kill()
  await broker?.stop()
  folder?.remove()
  for (const part of [folder, broker, generator]) if (part !== undefined) running.delete(part)
}

function resultOf({ rounds, faults, failure }: Contender): BrokerResult {
  return { rounds, median: medianRound(rounds), faults, failure }
}

function progressOf({ name, rounds, failure }: Contender, scenario: Scenario, turn: string): string {
  const prefix = `${scenario.name.padEnd(19)} ${name.padEnd(16)} ${turn}`
  const last = rounds.at(-1)
  if (failure !== undefined || last === undefined) return `${prefix}  FAILED: ${failure}`
  const share = (part: number): string => `${Math.round(part * 100)} %`.padStart(5)
  const rate = Math.round(last.messagesPerSecond).toLocaleString('en').padStart(11)
  return `${prefix} ${rate} msg/s  broker ${share(last.brokerCpu)}  generator ${share(last.generatorCpu)}`
}
