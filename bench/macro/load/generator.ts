import type { GeneratorAnswer, GeneratorRequest } from './generator-process.ts'
import { Load } from './load.ts'
import { type Faults, noFaults } from './message-order.ts'
import { RetainedLoad } from './retained-load.ts'
import type { Round } from './round.ts'
import { WaitingLoad } from './waiting-load.ts'

/**
 * The load generator: a process of its own, so that it can be pinned to a core and runs one scenario against one broker with
 * code that nothing else has made slow. Its parent asks and it answers, in turn.
 */
let load: Load | undefined
let waiting: WaitingLoad | undefined
const retained = new RetainedLoad(fail)
/** The first failure. It may come while nobody asks, so it answers all that is asked from then on. */
let failure: string | undefined

process.on('message', (request: GeneratorRequest) => {
  answer(request).catch(fail)
})
process.on('disconnect', () => process.exit())

async function answer(request: GeneratorRequest): Promise<void> {
  if (failure !== undefined) throw new Error(failure)
  const round = await perform(request)
  if (failure !== undefined) return // it has been told
  if (round === undefined) send({ type: 'done' })
  else send({ type: 'measured', round, faults: faults() })
}

async function perform(request: GeneratorRequest): Promise<Round | undefined> {
  switch (request.type) {
    case 'open':
      load = new Load(request.target, fail)
      await load.open()
      return undefined
    case 'run':
      return begun(load).run(request.rampMs, request.measuredMs)
    case 'close':
      await begun(load).close()
      return undefined
    case 'prepare':
      waiting = new WaitingLoad(request.target, fail)
      await waiting.prepare()
      return undefined
    case 'store':
      return begun(waiting).store(request.limits)
    case 'leave':
      await begun(waiting).leave()
      return undefined
    case 'first':
      return begun(waiting).first(request.target)
    case 'drain':
      return begun(waiting).drain(request.target)
    case 'retain':
      return retained.store(request.target, request.topicCount, request.limitMs)
    case 'collect':
      return retained.collect(request.target, request.topicCount, request.limitMs)
    default:
      request satisfies never
      return undefined
  }
}

function begun<T>(load: T | undefined): T {
  if (load === undefined) throw new Error('the first request must be "open" or "prepare"')
  return load
}

function faults(): Faults {
  return (load ?? waiting)?.faults ?? noFaults()
}

function fail(error: Error): void {
  failure ??= error.message
  send({ type: 'failed', message: failure, faults: faults() })
}

function send(message: GeneratorAnswer): void {
  process.send?.(message)
}
