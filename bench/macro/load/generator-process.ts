import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pinned } from '../brokers/cores.ts'
import type { Target } from './load.ts'
import type { Faults } from './message-order.ts'
import type { Round } from './round.ts'
import type { StoreLimits } from './waiting-load.ts'

/** What takes no measurement. */
export type GeneratorTask =
  | { readonly type: 'open' | 'prepare'; readonly target: Target }
  /** Disconnects all clients, the publishers, or those of `connect`. */
  | { readonly type: 'close' }
  | { readonly type: 'leave' }
  | { readonly type: 'disconnect' }
  /** A second load beside the one of `open`; it ends with it. */
  | { readonly type: 'open-flood'; readonly target: Target }
  | { readonly type: 'start-flood' }
  | { readonly type: 'leave-sessions'; readonly target: Target; readonly count: number }

/** What takes one; see the loads beside this file. */
export type GeneratorMeasurement =
  | { readonly type: 'run'; readonly rampMs: number; readonly measuredMs: number }
  | { readonly type: 'store'; readonly limits: StoreLimits }
  | { readonly type: 'stop-flood' }
  | { readonly type: 'first' | 'drain'; readonly target: Target }
  | { readonly type: 'subscribe-filters'; readonly target: Target; readonly count: number }
  | {
      readonly type: 'publish-to-filters'
      readonly target: Target
      readonly isMatching: boolean
      readonly measuredMs: number
    }
  | { readonly type: 'connect'; readonly target: Target; readonly count: number; readonly keepAliveSeconds: number }
  | { readonly type: 'hold'; readonly target: Target; readonly measuredMs: number }
  | {
      readonly type: 'retain' | 'collect'
      readonly target: Target
      readonly topicCount: number
      readonly limitMs: number
    }

export type GeneratorRequest = GeneratorTask | GeneratorMeasurement

export type GeneratorAnswer =
  | { readonly type: 'done' }
  | { readonly type: 'measured'; readonly round: Round; readonly faults: Faults }
  | { readonly type: 'failed'; readonly message: string; readonly faults: Faults }

/** The load could not be carried to its end. {@link faults} are the messages that went wrong, if that was known. */
export class LoadFailedError extends Error {
  readonly faults: Faults | undefined

  constructor(message: string, faults?: Faults) {
    super(message)
    this.faults = faults
  }
}

/** The generator as its parent sees it. */
export class GeneratorProcess {
  readonly #child: ChildProcess

  /** @param core to run on; `undefined`: any */
  constructor(core: number | undefined) {
    const [command, args] = pinned(core, process.execPath, [join(import.meta.dirname, 'generator.js')])
    this.#child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  }

  /** @throws {LoadFailedError} */
  async perform(task: GeneratorTask): Promise<void> {
    await this.#ask(task)
  }

  /** @throws {LoadFailedError} */
  async measure(measurement: GeneratorMeasurement): Promise<{ round: Round; faults: Faults }> {
    const answer = await this.#ask(measurement)
    if (answer.type !== 'measured') throw new LoadFailedError(`the generator answered "${answer.type}"`)
    return answer
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async #ask(request: GeneratorRequest): Promise<GeneratorAnswer> {
    const abort = new AbortController()
    const { signal } = abort
    const exit = once(this.#child, 'exit', { signal }).then((): never => {
      throw new LoadFailedError('the generator ended')
    })
    try {
      this.#child.send(request)
      const [answer] = (await Promise.race([once(this.#child, 'message', { signal }), exit])) as [GeneratorAnswer]
      if (answer.type === 'failed') throw new LoadFailedError(answer.message, answer.faults)
      return answer
    } finally {
      exit.catch(() => undefined) // Aborting it is how it ends when the answer came first.
      abort.abort()
    }
  }
}
