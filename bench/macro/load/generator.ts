import { ConnectingLoad } from './connecting-load.ts'
import { FilterLoad } from './filter-load.ts'
import type { GeneratorAnswer, GeneratorRequest } from './generator-process.ts'
import { Load, type Target } from './load.ts'
import { type Faults, noFaults, sumOfFaults } from './message-order.ts'
import { RetainedLoad } from './retained-load.ts'
import type { Round } from './round.ts'
import { WaitingLoad } from './waiting-load.ts'

/**
 * The load generator: a process of its own, so that it can be pinned to a core and runs one scenario against one broker with
 * code that nothing else has made slow. Its parent asks and it answers, in turn.
 */
type TrialRequest = Exclude<
  GeneratorRequest,
  { type: 'open' | 'run' | 'close' | 'open-flood' | 'start-flood' | 'stop-flood' | 'prepare' }
>

let load: Load | undefined
let floodLoad: Load | undefined
let waiting: WaitingLoad | undefined
const retained = new RetainedLoad(fail)
const filters = new FilterLoad(fail)
const connecting = new ConnectingLoad(fail)
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
      load = await opened(request.target)
      return undefined
    case 'run':
      return begun(load).run(request.rampMs, request.measuredMs)
    case 'close':
      await begun(load).close()
      await floodLoad?.close()
      floodLoad = undefined
      return undefined
    case 'open-flood':
      floodLoad = await opened(request.target)
      return undefined
    case 'start-flood':
      begun(floodLoad).start()
      return undefined
    case 'stop-flood':
      return begun(floodLoad).stop()
    case 'prepare':
      waiting = new WaitingLoad(request.target, fail)
      await waiting.prepare()
      return undefined
    default:
      return performStep(request)
  }
}

/** What is part of a trial. */
async function performStep(request: TrialRequest): Promise<Round | undefined> {
  switch (request.type) {
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
    case 'subscribe-filters':
      return filters.subscribe(request.target, request.count)
    case 'publish-to-filters':
      return filters.publish(request.target, request.isMatching, request.measuredMs)
    case 'connect':
      return connecting.connect(request.target, request.count, request.keepAliveSeconds)
    case 'leave-sessions':
      await connecting.leaveSessions(request.target, request.count)
      return undefined
    case 'hold':
      return connecting.hold(request.target, request.measuredMs)
    case 'disconnect':
      await connecting.disconnect()
      return undefined
    default:
      request satisfies never
      return undefined
  }
}

async function opened(target: Target): Promise<Load> {
  const load = new Load(target, fail)
  await load.open()
  return load
}

function begun<T>(load: T | undefined): T {
  if (load === undefined) throw new Error('there is no load yet: "open", "open-flood" or "prepare" comes first')
  return load
}

function faults(): Faults {
  const faults = (load ?? waiting)?.faults ?? noFaults()
  return floodLoad === undefined ? faults : sumOfFaults(faults, floodLoad.faults)
}

function fail(error: Error): void {
  failure ??= error.message
  send({ type: 'failed', message: failure, faults: faults() })
}

function send(message: GeneratorAnswer): void {
  process.send?.(message)
}
