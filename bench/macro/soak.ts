import { setTimeout as delay } from 'node:timers/promises'
import type { Cores } from './brokers/cores.ts'
import type { HeapUse } from './brokers/inspection.ts'
import type { Options } from './options.ts'
import { brokersOf } from './options.ts'
import type { SoakSample } from './report/soak-report.ts'
import type { Scenario } from './scenarios.ts'
import { TrialBench } from './trials/trial-bench.ts'

/** Samples in a whole soak, if it is long enough: enough for a line through them. */
const SAMPLE_COUNT = 120
/** The shortest time between two samples. */
const SAMPLE_MS_MIN = 2_000
const RAMP_MS = 150
/** Before the heap is looked at, what the load has left behind is done. */
const SETTLE_MS = 50

/**
 * One broker under the load of one scenario for a long time. After each part the load rests for a moment, and memory is taken after a full
 * collection: what grows then is a leak.
 */
export async function soak(
  scenario: Scenario,
  options: Options & { readonly soakMs: number },
  cores: Cores,
  report: (line: string) => void,
): Promise<SoakSample[]> {
  const [name] = brokersOf({ brokers: ['curlew'] }, options)
  if (name === undefined) throw new Error('the broker to soak is not installed')
  const bench = new TrialBench(name, scenario, cores, undefined)
  const samples: SoakSample[] = []
  try {
    await bench.open()
    await bench.perform({ type: 'open', target: bench.target })
    const measuredMs = Math.max(SAMPLE_MS_MIN, options.soakMs / SAMPLE_COUNT)
    const startMs = performance.now()
    while (performance.now() - startMs < options.soakMs) {
      const round = await bench.measure({ type: 'run', rampMs: RAMP_MS, measuredMs })
      await delay(SETTLE_MS)
      const heap: HeapUse | undefined = await bench.heap()
      const sample = {
        seconds: (performance.now() - startMs) / 1000,
        messagesPerSecond: round.messagesPerSecond,
        p99Ms: round.latencyUs.p99 / 1000,
        heapMiB: heap === undefined ? undefined : heap.heapBytes / 2 ** 20,
        residentMiB: bench.memory().residentMiB,
      }
      samples.push(sample)
      report(progressOf(sample, options.soakMs))
    }
    await bench.perform({ type: 'close' })
  } finally {
    await bench.close()
  }
  return samples
}

function progressOf({ seconds, messagesPerSecond, p99Ms, heapMiB, residentMiB }: SoakSample, soakMs: number): string {
  const heap = heapMiB === undefined ? '' : `  heap ${heapMiB.toFixed(1)} MiB`
  const rate = Math.round(messagesPerSecond).toLocaleString('en')
  const time = `${Math.round(seconds)}/${Math.round(soakMs / 1000)} s`
  return `soak ${time}  ${rate} msg/s  p99 ${p99Ms.toFixed(1)} ms${heap}  resident ${residentMiB.toFixed(1)} MiB`
}
