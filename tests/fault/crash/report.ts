import { availableParallelism, cpus, release, totalmem } from 'node:os'
import type { CrashResult } from './crash-run.ts'
import { type FaultKind, faultKinds } from './stage.ts'

/** Results of one call, as they are written to a file. */
export interface CrashReport {
  readonly date: string
  readonly command: string
  readonly machine: string
  readonly results: readonly CrashResult[]
}

const columns: readonly (readonly [title: string, value: (result: CrashResult) => number | string])[] = [
  ['broker', ({ title, version }) => `${title} (${version})`],
  ['kills', ({ kills }) => kills],
  ['acknowledged', ({ acknowledged }) => acknowledged],
  ['lost', ({ lostMessages }) => lostMessages],
  ['QoS 2 twice', fault('duplicatedQoS2')],
  ['invented', fault('invented')],
  ['out of order', fault('outOfOrder')],
  ['retained wrong', fault('retainedWrong')],
  ['sessions lost', fault('sessionsLost')],
  ['subscriptions wrong', fault('subscriptionsWrong')],
  ['wills lost', fault('willsLost')],
  ['repeated without DUP', fault('unmarkedDuplicates')],
]

function fault(kind: FaultKind): (result: CrashResult) => number {
  return ({ faults }) => faults[kind]
}

/** A table in Markdown, laid out so that it can be read as it is. */
export function resultTable(results: readonly CrashResult[]): string {
  const rows = results.map(result => columns.map(([, value]) => format(value(result))))
  const titles = columns.map(([title]) => title)
  const widths = titles.map((title, index) => Math.max(3, title.length, ...rows.map(row => row[index]!.length)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, index) => (index === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[index]!))).join(' | ')} |`
  const rule = widths.map((width, index) => (index === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(titles), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n')
}

function format(value: number | string): string {
  return typeof value === 'number' ? value.toLocaleString('en-US') : value
}

/** What else there is to say of one run, with examples of what was wrong. */
export function describeResult(result: CrashResult): string {
  const { broker, seed, kills, killsDuringStart, seconds, startMs, sent, owed, delivered, repeated, refused } = result
  const { lostWithSubscription } = result
  const problems = faultsOf(result).map(([kind, count]) => `  ${count} × ${faultKinds[kind]}`)
  return [
    `${broker}: seed ${seed}, ${kills} kills in ${seconds} s, ${killsDuringStart} of them before it listened; ${startMs} ms to start`,
    `  ${sent} messages sent, ${owed} deliveries owed, ${delivered} made, ${repeated} repeated, ${refused} refused`,
    ...(lostWithSubscription > 0 ? [`  ${lostWithSubscription} deliveries lost because the subscription was`] : []),
    ...problems,
    ...result.examples.map(example => `    ${example}`),
  ].join('\n')
}

/** The kinds of fault that occurred, with their counts. */
export function faultsOf({ faults }: CrashResult): (readonly [FaultKind, number])[] {
  return (Object.keys(faultKinds) as FaultKind[]).flatMap(kind => (faults[kind] > 0 ? [[kind, faults[kind]]] : []))
}

export function describeMachine(): string {
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  const cpu = cpus()[0]?.model.trim() ?? 'unknown processor'
  return `${availableParallelism()} × ${cpu}, ${gigabytes} GiB, Linux ${release()}, Node ${process.version}`
}
