import type { Session } from './session.ts'

/**
 * Where Sessions say that a connected Client falls behind, and where the connection of the publisher asks. One serves
 * all Sessions of a broker: a message is routed to the end before the next one is looked at.
 */
export class Congestion {
  #session: Session | undefined

  /** Says that the queue of a connected Client that goes on acknowledging is half full. */
  report(session: Session): void {
    this.#session = session
  }

  /** @returns the Session that was reported last, once */
  take(): Session | undefined {
    const session = this.#session
    this.#session = undefined
    return session
  }
}
