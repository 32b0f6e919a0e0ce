import type { BrokerName } from '../brokers/broker-names.ts'
import type { Group } from '../groups.ts'
import type { Scenario } from '../scenarios.ts'
import type { TrialBench } from './trial-bench.ts'

export type Unit = 'per second' | 'ms' | 'MiB' | 'µs' | 'B' | '%' | '×'

/**
 * What Curlew's value should be. With `times` as a multiple of that broker's value, otherwise in the unit of the figure.
 */
export type Aim =
  | { readonly atLeast: number; readonly times?: BrokerName }
  | { readonly atMost: number; readonly times?: BrokerName }

/** What a trial measures besides messages per second. */
export interface Figure {
  readonly key: string
  readonly label: string
  readonly unit: Unit
  readonly aim: Aim | undefined
}

/** What can not be measured as one steady load: steps, of which each is timed. */
export interface Trial {
  readonly name: string
  readonly group: Group
  /** Whether a run that names nothing has it. */
  readonly isShort: boolean
  readonly brokers: readonly BrokerName[]
  readonly scenario: Scenario
  readonly figures: readonly Figure[]
  /** Whether it makes no sense without a store, whoever asks for it. */
  readonly needsStore: boolean
  /** Whether each round begins with a new broker and an empty folder; otherwise they stay and are warmed up. */
  readonly isFresh: boolean
  /** One round. @returns values of the figures, by key */
  perform(bench: TrialBench, measuredMs: number): Promise<Record<string, number>>
}

export function figure(key: string, label: string, unit: Unit, aim?: Aim): Figure {
  return { key, label, unit, aim }
}

/** A value with its unit. */
export function figureText({ unit }: Pick<Figure, 'unit'>, value: number): string {
  if (unit === 'per second') return `${Math.round(value).toLocaleString('en')}/s`
  if (unit === 'B') return `${Math.round(value).toLocaleString('en')} B`
  return `${value.toFixed(Math.abs(value) < 10 ? 2 : 0)} ${unit}`
}
