import { type BrokerName, hasStore } from '../brokers/broker-names.ts'
import type { Cores } from '../brokers/cores.ts'
import { brokersOf, type Options } from '../options.ts'
import { medianFigures, type TrialBrokerResult, type TrialResult } from '../results.ts'
import { figureText, type Trial } from './trial.ts'
import { TrialBench } from './trial-bench.ts'

/** One broker in one trial. */
interface Contender {
  readonly name: BrokerName
  readonly rounds: Record<string, number>[]
  /** Stays from round to round, unless the trial wants a fresh one each time. */
  bench: TrialBench | undefined
  failure: string | undefined
}

/** Measures all brokers in turn, as `suite.ts` does. One that fails is left out of the rounds that follow. */
export async function runTrial(
  trial: Trial,
  options: Options,
  cores: Cores,
  report: (line: string) => void,
): Promise<TrialResult> {
  const names = brokersOf(trial, options).filter(name => !trial.needsStore || hasStore(name))
  const contenders = names.map((name): Contender => ({ name, rounds: [], bench: undefined, failure: undefined }))
  for (let round = 0; round < options.roundCount; round++) {
    for (const contender of contenders) {
      if (contender.failure !== undefined) continue
      await measure(contender, trial, options, cores)
      report(progressOf(contender, trial, `${round + 1}/${options.roundCount}`))
    }
  }
  for (const { bench } of contenders) await bench?.close()
  const { name, group, figures } = trial
  return { name, group, figures, brokers: Object.fromEntries(contenders.map(entry => [entry.name, resultOf(entry)])) }
}

async function measure(contender: Contender, trial: Trial, options: Options, cores: Cores): Promise<void> {
  try {
    if (contender.bench === undefined) await open(contender, trial, options, cores)
    contender.rounds.push(await trial.perform(contender.bench!, options.measuredSeconds * 1000))
  } catch (error) {
    contender.failure = (error as Error).message
  }
  if (!trial.isFresh && contender.failure === undefined) return
  await contender.bench?.close()
  contender.bench = undefined
}

async function open(contender: Contender, trial: Trial, options: Options, cores: Cores): Promise<void> {
  const file = `${trial.name}-${contender.name}.cpuprofile`.replaceAll(' ', '-')
  const profile = options.profileFolder === undefined ? undefined : { folder: options.profileFolder, file }
  contender.bench = new TrialBench(contender.name, trial.scenario, cores, profile)
  await contender.bench.open()
  if (!trial.isFresh) await trial.perform(contender.bench, options.warmUpSeconds * 1000)
}

function resultOf({ rounds, failure }: Contender): TrialBrokerResult {
  return { rounds, median: medianFigures(rounds), failure }
}

function progressOf({ name, rounds, failure }: Contender, trial: Trial, turn: string): string {
  const prefix = `${trial.name.padEnd(19)} ${name.padEnd(16)} ${turn}`
  const last = rounds.at(-1)
  if (failure !== undefined || last === undefined) return `${prefix}  FAILED: ${failure}`
  const shown = trial.figures.flatMap(figure => {
    const value = last[figure.key]
    return value === undefined ? [] : [`${figure.label} ${figureText(figure, value)}`]
  })
  return `${prefix}  ${shown.join(', ')}`
}
