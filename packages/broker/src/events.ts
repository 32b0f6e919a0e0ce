import type { ClientInfo } from './connection/services.ts'

/** What {@link Broker.on} tells, by name. */
export interface BrokerEvents {
  /** A Client has been accepted. */
  connected: ClientInfo
  /** The connection of a Client has ended; its Session may live on. */
  disconnected: ClientInfo & { readonly reason: string; readonly reasonCode: number | undefined }
}

type Listeners = { [Name in keyof BrokerEvents]: Set<(event: BrokerEvents[Name]) => void> }

/** Typed events. Listeners are called in the order they came; one that throws stops neither the others nor the broker. */
export class Events {
  readonly #listeners: Listeners = { connected: new Set(), disconnected: new Set() }
  readonly #onError: (error: unknown) => void

  /** @param onError gets what a listener throws */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** @returns a function that takes the listener away */
  on<Name extends keyof BrokerEvents>(name: Name, listener: (event: BrokerEvents[Name]) => void): () => void {
    this.#listeners[name].add(listener)
    return () => {
      this.#listeners[name].delete(listener)
    }
  }

  emit<Name extends keyof BrokerEvents>(name: Name, event: BrokerEvents[Name]): void {
    for (const listener of this.#listeners[name]) {
      try {
        listener(event)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
