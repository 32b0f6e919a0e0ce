/** A connected Client that cannot follow, as those see it who wait for it. Implemented by sessions. */
export interface SlowReceiver {
  /** Has `callback` called, perhaps more than once, when the Client has caught up or is gone: for connections that stop reading for its sake. */
  wait(callback: () => void): void
  /** Takes back {@link wait}. */
  stopWaiting(callback: () => void): void
  /** Deliveries of QoS 1 and 2 that have come to their end. */
  readonly finishedCount: number
  /** Whether somebody has waited for the Client in vain; until it acknowledges again, nobody does. */
  isStuck: boolean
}

/**
 * Where Sessions say that a connected Client falls behind, and where the connection of the publisher asks. One serves
 * all Sessions of a broker: a message is routed to the end before the next one is looked at.
 */
export class Congestion {
  #receiver: SlowReceiver | undefined

  /** Says that the queue of a connected Client that goes on acknowledging is half full. */
  report(receiver: SlowReceiver): void {
    this.#receiver = receiver
  }

  /** @returns the receiver that was reported last, once */
  take(): SlowReceiver | undefined {
    const receiver = this.#receiver
    this.#receiver = undefined
    return receiver
  }
}
