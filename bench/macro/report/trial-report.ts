import { type BrokerName, brokerTitles } from '../brokers/broker-names.ts'
import type { TrialResult } from '../results.ts'
import { type Figure, figureText } from '../trials/trial.ts'
import { aimText, missedAims } from './aims.ts'
import { markdownTable } from './markdown-table.ts'

/** The figures of a trial, a column for each of the brokers that it has measured. */
export function trialTable({ name, figures, brokers }: TrialResult, from: readonly BrokerName[]): string[] {
  const names = from.filter(broker => brokers[broker] !== undefined)
  const rows = figures.map(figure => [
    figure.label,
    ...names.map(broker => {
      const value = brokers[broker]?.median[figure.key]
      return value === undefined ? '–' : figureText(figure, value)
    }),
    aimText(figure),
  ])
  return markdownTable([name, ...titlesOf(names), 'Aim'], rows)
}

/** Aims that `own` misses, figures in which another broker is better, and failures. */
export function trialShortcomings(trial: TrialResult, own: BrokerName, from: readonly BrokerName[]): string[] {
  const behind = trial.figures.flatMap(figure => behindOthers(trial, figure, own, from))
  return [...missedAims(trial, own), ...behind, ...failures(trial.name, trial.brokers, from)]
}

/** Figures of others that were better: more per second, or less of anything else. What is said of the generator is no figure of a broker. */
function behindOthers(
  { name, brokers }: TrialResult,
  figure: Figure,
  own: BrokerName,
  from: readonly BrokerName[],
): string[] {
  const value = brokers[own]?.median[figure.key]
  if (value === undefined || figure.label.includes('generator')) return []
  const better = from.filter(broker => {
    const other = brokers[broker]?.median[figure.key]
    if (other === undefined || broker.startsWith('curlew')) return false
    return figure.unit === 'per second' ? other > value : other < value
  })
  return better.length === 0 ? [] : [`- ${name}, ${figure.label}: behind ${titlesOf(better).join(', ')}.`]
}

export function failures(
  name: string,
  brokers: Partial<Record<BrokerName, { readonly failure: string | undefined }>>,
  from: readonly BrokerName[],
): string[] {
  return from.flatMap(broker => {
    const failure = brokers[broker]?.failure
    return failure === undefined ? [] : [`- ${name}: ${brokerTitles[broker]} failed: ${failure}.`]
  })
}

export function titlesOf(names: readonly BrokerName[]): string[] {
  return names.map(name => brokerTitles[name])
}
