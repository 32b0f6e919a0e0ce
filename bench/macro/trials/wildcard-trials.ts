import { type BrokerName, memoryBrokers } from '../brokers/broker-names.ts'
import { type Form, small } from '../scenarios.ts'
import { type Figure, figure, type Trial } from './trial.ts'
import type { TrialBench } from './trial-bench.ts'

/** How each step is called, by the subscriptions that there are. */
const steps = [
  { count: 1_000, title: '1 k' },
  { count: 10_000, title: '10 k' },
  { count: 100_000, title: '100 k' },
  { count: 1_000_000, title: '1 M' },
] as const
type Step = (typeof steps)[number]

const form: Form = { ...small, group: 'wildcards' }
const common = {
  group: form.group,
  ...{ isShort: false, needsStore: false, isFresh: true },
  scenario: { ...form, name: 'wildcards', qos: 1 },
} as const

/** Publishing where many Subscriptions have wildcards: one of them matches, or none. */
export const wildcardTrials: readonly Trial[] = [
  wildcards('wildcards', memoryBrokers, steps.slice(0, 3)),
  wildcards('wildcards of Curlew', ['curlew'], steps),
]

function wildcards(name: string, brokers: readonly BrokerName[], through: readonly Step[]): Trial {
  const figures = [
    figure('subscribed', 'subscribed', 'per second'),
    ...through.flatMap(step => figuresAt(step, brokers.includes('aedes'))),
  ]
  return { ...common, name, brokers, figures, perform: (bench, measuredMs) => perform(bench, measuredMs, through) }
}

function figuresAt({ count, title }: Step, isComparison: boolean): Figure[] {
  const aim = isComparison && count === 100_000 ? ({ atLeast: 5, times: 'aedes' } as const) : undefined
  return [
    figure(`matching${count}`, `one of ${title} matches`, 'per second', aim),
    figure(`matchingUs${count}`, `CPU time of the broker per message, one of ${title} matches`, 'µs'),
    figure(`missing${count}`, `none of ${title} matches`, 'per second', aim),
    figure(`missingUs${count}`, `CPU time of the broker per message, none of ${title} matches`, 'µs'),
  ]
}

async function perform(
  bench: TrialBench,
  measuredMs: number,
  through: readonly Step[],
): Promise<Record<string, number>> {
  const { target } = bench
  const figures: Record<string, number> = {}
  for (const { count } of through) {
    const subscribed = await bench.measure({ type: 'subscribe-filters', target, count })
    figures['subscribed'] = subscribed.messagesPerSecond
    for (const [name, isMatching] of [
      ['matching', true],
      ['missing', false],
    ] as const) {
      const round = await bench.measure({ type: 'publish-to-filters', target, isMatching, measuredMs })
      figures[`${name}${count}`] = round.messagesPerSecond
      figures[`${name}Us${count}`] = round.brokerUsPerMessage
    }
  }
  return figures
}
