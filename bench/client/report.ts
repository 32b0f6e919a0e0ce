import type { LibraryName } from './libraries.ts'

/** What one measurement took of the client's process. */
export interface Measurement {
  readonly messages: number
  readonly seconds: number
  readonly cpuSeconds: number
}

/** The measurements of one scenario, those of each library in the order they were made. */
export interface Result {
  readonly scenario: string
  readonly measurements: Readonly<Partial<Record<LibraryName, readonly Measurement[]>>>
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Medians of messages per second, and per second of the client's CPU time. */
export function rates(measurements: readonly Measurement[]): { perSecond: number; perCpuSecond: number } {
  return {
    perSecond: median(measurements.map(({ messages, seconds }) => messages / seconds)),
    perCpuSecond: median(measurements.map(({ messages, cpuSeconds }) => messages / cpuSeconds)),
  }
}

/**
 * A line for each scenario: thousands of messages, and how many times those of MQTT.js they are. Last what the floor would be, per CPU second:
 * see `bare-client.ts`.
 */
export function reportOf(results: readonly Result[]): string {
  const perSecond = ['curlew/s', 'MQTT.js/s', 'ratio']
  const head = ['', ...perSecond, 'curlew/CPU s', 'MQTT.js/CPU s', 'ratio', 'floor/CPU s', 'ratio']
  const rows = results.map(({ scenario, measurements: { curlew = [], mqttjs = [], bare = [] } }) => {
    const [ours, theirs, floor] = [rates(curlew), rates(mqttjs), rates(bare)]
    const hasBoth = mqttjs.length > 0
    return [
      scenario,
      ...compared(ours.perSecond, theirs.perSecond, hasBoth),
      ...compared(ours.perCpuSecond, theirs.perCpuSecond, hasBoth),
      thousands(floor.perCpuSecond),
      ratio(floor.perCpuSecond, theirs.perCpuSecond, hasBoth),
    ]
  })
  const table = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...table.map(row => row[column]!.length)))
  return table
    .map(row => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))))
    .map(row => row.join('  '))
    .join('\n')
}

function compared(ours: number, theirs: number, hasBoth: boolean): string[] {
  return [thousands(ours), hasBoth ? thousands(theirs) : '–', ratio(ours, theirs, hasBoth)]
}

function ratio(ours: number, theirs: number, hasBoth: boolean): string {
  return hasBoth ? `${(ours / theirs).toFixed(1)}×` : '–'
}

function thousands(rate: number): string {
  return `${(rate / 1_000).toFixed(1)} k`
}
