import { type BrokerName, brokerTitles } from '../brokers/broker-names.ts'
import type { TrialResult } from '../results.ts'
import type { Scenario } from '../scenarios.ts'
import { type Figure, figureText } from '../trials/trial.ts'

/** An aim as people read it, such as `≥ 5 × aedes` or `≤ 6,144 B`; empty when there is none. */
export function aimText(figure: Figure): string {
  const { aim } = figure
  if (aim === undefined) return ''
  const [sign, value] = 'atLeast' in aim ? ['≥', aim.atLeast] : ['≤', aim.atMost]
  if (aim.times !== undefined) return `${sign} ${value} × ${brokerTitles[aim.times]}`
  return `${sign} ${Number.isInteger(value) && figure.unit !== 'B' && figure.unit !== 'per second' ? `${value} ${figure.unit}` : figureText(figure, value)}`
}

/** The aim of a scenario, such as `≥ 15`: times Mosquitto's rate, or `p99 ≤ 1` where the rate is given. */
export function scenarioAimText({ aim, ratePerSecond }: Pick<Scenario, 'aim' | 'ratePerSecond'>): string {
  if (aim === undefined) return ''
  return ratePerSecond === undefined ? `≥ ${aim}` : `p99 ≤ ${aim}`
}

/** Whether `own` misses the aim of the figure; not if it, or the broker it is compared with, was not measured. */
export function isMissed(figure: Figure, brokers: TrialResult['brokers'], own: BrokerName): boolean {
  const { aim, key } = figure
  const value = brokers[own]?.median[key]
  const base = aim?.times === undefined ? 1 : brokers[aim.times]?.median[key]
  if (aim === undefined || value === undefined || base === undefined) return false
  return 'atLeast' in aim ? value < aim.atLeast * base : value > aim.atMost * base
}

/** Aims that `own` misses in a trial, a line of the report each. */
export function missedAims({ name, figures, brokers }: TrialResult, own: BrokerName): string[] {
  return figures.flatMap(figure => {
    const value = brokers[own]?.median[figure.key]
    if (value === undefined || !isMissed(figure, brokers, own)) return []
    return [
      `- ${name}, ${figure.label}: ${figureText(figure, value)}${comparison(figure, brokers)}; the aim is ${aimText(figure)}.`,
    ]
  })
}

function comparison({ aim, key, unit }: Figure, brokers: TrialResult['brokers']): string {
  if (aim?.times === undefined) return ''
  const value = brokers[aim.times]?.median[key]
  return value === undefined ? '' : `, ${brokerTitles[aim.times]} ${figureText({ unit }, value)}`
}
