import { OutgoingDeliveries } from '@curlew/protocol'
import type { Store } from '../../../packages/broker/src/index.ts'
import type { Engine, EngineChange, EngineEntry, KeyRange } from '../../../packages/broker/src/store/engine.ts'
import type { FoundationChange } from './foundation.ts'

/** Says that everything is durable as soon as it is told: acknowledgements leave before the disk has anything. */
function settledAtOnce(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name === 'isSettled') return true
      if (name === 'whenSettled') return (callback: () => void) => callback()
      if (name === 'isDurable') return () => true
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Syncs again when a sync has failed, and believes the second answer, as most databases did until 2018. */
class RetryingEngine implements Engine {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  open(): Promise<void> {
    return this.#engine.open()
  }

  async write(changes: readonly EngineChange[], sync: boolean): Promise<void> {
    try {
      await this.#engine.write(changes, sync)
    } catch (error) {
      if (!String(error).includes('sync failed')) throw error
      await this.write([], true)
    }
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#engine.getMany(keys)
  }

  page(range: KeyRange, limit: number): Promise<EngineEntry[]> {
    return this.#engine.page(range, limit)
  }

  close(): Promise<void> {
    return this.#engine.close()
  }
}

/** Sends again, on a new connection, what was sent last first. */
function reverseResends(): () => void {
  const prototype = OutgoingDeliveries.prototype as OutgoingDeliveries<unknown>
  const { unfinished } = prototype
  prototype.unfinished = function (this: OutgoingDeliveries<unknown>) {
    return unfinished.call(this).reverse()
  }
  return () => {
    prototype.unfinished = unfinished
  }
}

/** Bugs that are known, to show that the simulation finds what it is there to find. */
export const plantedBugs: Readonly<Record<string, FoundationChange>> = {
  'acknowledge-before-commit': { store: settledAtOnce },
  'retry-after-failed-sync': { engine: engine => new RetryingEngine(engine), forgivesFailures: true },
  'resend-out-of-order': { putIn: reverseResends },
}
