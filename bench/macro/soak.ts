import { setTimeout as delay } from 'node:timers/promises'
import type { BrokerName } from './brokers/broker-names.ts'
import type { Cores } from './brokers/cores.ts'
import type { Round } from './load/round.ts'
import type { Options } from './options.ts'
import { brokersOf } from './options.ts'
import type { SoakPace, SoakSample } from './report/soak-report.ts'
import type { Scenario } from './scenarios.ts'
import { TrialBench } from './trials/trial-bench.ts'

/** Samples in a soak of half an hour or more: enough for a line through them. Short ones have fewer, as each takes a new broker's start and warm-up. */
const SAMPLE_COUNT = 120
/** The shortest time between two samples. */
const SAMPLE_MS_MIN = 4_000
/** Of that time the load has so much; the rest is for the new broker beside it. */
const LOAD_SHARE = 0.75
const RAMP_MS = 150
/** Before the heap is looked at, what the load has left behind is done. */
const SETTLE_MS = 50
/** A new broker is measured when its code has been compiled. */
const REFERENCE_WARM_UP_MS = 1_200
const REFERENCE_MS = 800

/**
 * One broker under the load of one scenario for a long time. After each part the load rests for a moment, and memory is taken after a full
 * collection: what grows then is a leak. Then a new broker of the same kind has the same load for a moment, with a generator of its own: what both lose
 * the machine has lost, and only what the old one loses beside the new one has to do with its age.
 */
export async function soak(
  scenario: Scenario,
  options: Options & { readonly soakMs: number },
  cores: Cores,
  report: (line: string) => void,
): Promise<SoakSample[]> {
  const [name] = brokersOf({ brokers: ['curlew'] }, options)
  if (name === undefined) throw new Error('the broker to soak is not installed')
  return withLoad(name, scenario, cores, async bench => {
    const samples: SoakSample[] = []
    const measuredMs = LOAD_SHARE * Math.max(SAMPLE_MS_MIN, options.soakMs / SAMPLE_COUNT)
    const startMs = performance.now()
    while (performance.now() - startMs < options.soakMs) {
      const round = await bench.measure({ type: 'run', rampMs: RAMP_MS, measuredMs })
      await delay(SETTLE_MS)
      const heap = await bench.heap()
      const { residentMiB } = bench.memory()
      const seconds = (performance.now() - startMs) / 1000
      const reference = await paceOfNewBroker(name, scenario, cores)
      const memory = { heapMiB: heap === undefined ? undefined : heap.heapBytes / 2 ** 20, residentMiB }
      const sample = { seconds, ...paceOf(round), ...memory, reference }
      samples.push(sample)
      report(progressOf(sample, options.soakMs))
    }
    return samples
  })
}

async function paceOfNewBroker(name: BrokerName, scenario: Scenario, cores: Cores): Promise<SoakPace> {
  const run = { type: 'run', rampMs: REFERENCE_WARM_UP_MS, measuredMs: REFERENCE_MS } as const
  return paceOf(await withLoad(name, scenario, cores, bench => bench.measure(run)))
}

/** What `measure` finds with a broker of its own, and the Clients of the scenario connected to it. */
async function withLoad<Found>(
  name: BrokerName,
  scenario: Scenario,
  cores: Cores,
  measure: (bench: TrialBench) => Promise<Found>,
): Promise<Found> {
  const bench = new TrialBench(name, scenario, cores, undefined)
  try {
    await bench.open()
    await bench.perform({ type: 'open', target: bench.target })
    const found = await measure(bench)
    await bench.perform({ type: 'close' })
    return found
  } finally {
    await bench.close()
  }
}

function paceOf({ messagesPerSecond, latencyUs }: Round): SoakPace {
  return { messagesPerSecond, p99Ms: latencyUs.p99 / 1000 }
}

function progressOf(sample: SoakSample, soakMs: number): string {
  const { seconds, messagesPerSecond, p99Ms, heapMiB, residentMiB, reference } = sample
  const heap = heapMiB === undefined ? '' : `  heap ${heapMiB.toFixed(1)} MiB`
  const rates = [messagesPerSecond, reference.messagesPerSecond].map(rate => Math.round(rate).toLocaleString('en'))
  const time = `${Math.round(seconds)}/${Math.round(soakMs / 1000)} s`
  const pace = `${rates[0]} msg/s  p99 ${p99Ms.toFixed(1)} ms`
  return `soak ${time}  ${pace}${heap}  resident ${residentMiB.toFixed(1)} MiB  (a new broker: ${rates[1]} msg/s)`
}
