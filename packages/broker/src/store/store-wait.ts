import type { Runtime } from '../runtime/runtime.ts'
import { EngineError } from './engine.ts'
import type { Store } from './store.ts'

/** Milliseconds between two looks at whether the store can go on. */
const LOOK_MS = 250

/**
 * Waits for a {@link Store} to call back. A broker waits as long as it takes for a store that cannot write; a command does not.
 *
 * @param begin asks the store, and has it call back
 * @throws {EngineError} when the store cannot read or write
 */
export function answerOf<Answer>(
  store: Store,
  runtime: Runtime,
  begin: (onAnswer: (answer: Answer) => void) => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let stop: (() => void) | undefined
    let isAnswered = false
    begin(answer => {
      isAnswered = true
      stop?.()
      resolve(answer)
    })
    const look = (): void => {
      if (isAnswered) return
      const { health } = store
      if (health.isWritable) stop = runtime.startTimer(LOOK_MS, look)
      else reject(new EngineError('failed', health.reason))
    }
    look()
  })
}
