import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { type Faults, noFaults } from './message-order.ts'
import type { Publisher } from './publisher.ts'

/** What all connections of a load share: whether to send, what to count, and the time. */
export class LoadState {
  isSending = false
  /** Whether a message that is over lets its publisher send another; if not, {@link pace} says when. */
  readonly isClosedLoop: boolean
  /** Whether latencies go into the histogram; off while the load ramps up and drains. */
  isRecording = false
  /** Messages that have reached a receiver, each counted once per receiver. */
  deliveryCount = 0
  /** Messages whose publisher has its last acknowledgement. */
  acknowledgementCount = 0
  /** Each publisher stops when it has sent so many, of all rounds together. */
  sentMax = Number.POSITIVE_INFINITY
  /** Milliseconds of `performance.now()`, read once per chunk: at the start of what happens now. */
  nowMs = 0
  readonly faults: Faults = noFaults()
  /** From the write of a message to its arrival, in nanoseconds. */
  readonly latencyNs: RecordableHistogram = createHistogram({ lowest: 1, highest: 60_000_000_000, figures: 3 })
  /** From the write of a message to its last acknowledgement. */
  readonly acknowledgementNs: RecordableHistogram = createHistogram({ lowest: 1, highest: 60_000_000_000, figures: 3 })

  /** From when a message was due to its write, in loads of a given rate. */
  readonly lateNs: RecordableHistogram = createHistogram({ lowest: 1, highest: 60_000_000_000, figures: 3 })
  /** Time in which {@link pace} only waited, in milliseconds. */
  spunMs = 0

  readonly #onFailure: (error: Error) => void
  /** Publishers that may have credit again since the chunk began. */
  readonly #credited: Publisher[] = []

  /** @param onFailure told of what ends the load: a connection that closed, or a packet that must not be */
  constructor(isClosedLoop: boolean, onFailure: (error: Error) => void) {
    this.isClosedLoop = isClosedLoop
    this.#onFailure = onFailure
  }

  credit(publisher: Publisher): void {
    if (publisher.isCredited || !this.isClosedLoop) return
    publisher.isCredited = true
    this.#credited.push(publisher)
  }

  /** Lets the publishers send that have credit. Called at the end of each chunk, so that what came together is answered together. */
  spendCredit(): void {
    const credited = this.#credited
    for (let index = 0; index < credited.length; index++) {
      const publisher = credited[index]!
      publisher.isCredited = false
      publisher.sendBatches()
    }
    credited.length = 0
  }

  /** Forgets the latencies of earlier rounds. */
  resetLatencies(): void {
    this.latencyNs.reset()
    this.acknowledgementNs.reset()
    this.lateNs.reset()
  }

  fail(error: Error): void {
    this.isSending = false
    this.#onFailure(error)
  }
}
