import type { GeneratorAnswer, GeneratorRequest } from './generator-process.ts'
import { Load } from './load.ts'

/**
 * The load generator: a process of its own, so that it can be pinned to a core and runs one scenario against one broker with
 * code that nothing else has made slow. Its parent asks and it answers, in turn: `open`, `run` any number of times, `close`.
 */
let load: Load | undefined
/** The first failure. It may come while nobody asks, so it answers all that is asked from then on. */
let failure: string | undefined

process.on('message', (request: GeneratorRequest) => {
  answer(request).catch(fail)
})
process.on('disconnect', () => process.exit())

async function answer(request: GeneratorRequest): Promise<void> {
  if (failure !== undefined) throw new Error(failure)
  if (request.type === 'open') {
    load = new Load(request.target, fail)
    await load.open()
    return send({ type: 'opened' })
  }
  if (load === undefined) throw new Error('the first request must be "open"')
  if (request.type === 'run') {
    const round = await load.run(request.rampMs, request.measuredMs)
    return send({ type: 'measured', round, faults: load.faults })
  }
  load.close()
  send({ type: 'closed' })
}

function fail(error: Error): void {
  failure ??= error.message
  send({ type: 'failed', message: failure, faults: load?.faults })
}

function send(message: GeneratorAnswer): void {
  process.send?.(message)
}
