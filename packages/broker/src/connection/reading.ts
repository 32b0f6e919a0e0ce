import type { Runtime } from '../runtime/runtime.ts'
import { type TimerWheel, WheelTimer } from '../runtime/timer-wheel.ts'
import type { SlowReceiver } from '../sessions/congestion.ts'
import type { Acknowledgements } from './acknowledgements.ts'
import type { ByteStream } from './byte-stream.ts'
import type { Listening } from './deadlines.ts'
import type { Output } from './output.ts'

/** A publisher waits this long at most for one receiver before it is looked at again, in milliseconds. */
const RECEIVER_PATIENCE_MS = 1000

/** What the reading of all connections shares. */
export interface ReadingServices {
  readonly runtime: Runtime
  readonly timers: TimerWheel
}

/**
 * Stops reading a connection for a while, so that TCP makes its Client wait: for the store, when too many answers are held back, for the Client itself, when it
 * does not take its answers, and for a receiver that is behind but goes on acknowledging. A receiver that does not go on is not waited for twice: its
 * queue overflows, which costs nobody else anything.
 */
export class Reading implements Listening {
  readonly #stream: ByteStream
  readonly #services: ReadingServices
  #isWaitingForStore = false
  #isWaitingForOutput = false
  #resumedMs = Number.NEGATIVE_INFINITY
  #receiver: SlowReceiver | undefined
  #finishedAtStart = 0
  /** These two: made when a receiver is first waited for. */
  #timer: WheelTimer | undefined
  #onRelieved: (() => void) | undefined

  constructor(stream: ByteStream, services: ReadingServices) {
    this.#stream = stream
    this.#services = services
  }

  get isPaused(): boolean {
    return this.#isWaitingForStore || this.#isWaitingForOutput || this.#receiver !== undefined
  }

  /** {@link Listening.unreadUntilMs} */
  get unreadUntilMs(): number {
    return this.isPaused ? this.#services.runtime.monotonicMs() : this.#resumedMs
  }

  /** To be asked after each chunk. */
  waitIfNeeded(acknowledgements: Acknowledgements, output: Output): void {
    if (acknowledgements.isTooMuchHeld) this.#waitForStore(acknowledgements)
    if (!output.isFlooded) return
    if (!this.isPaused) this.#stream.pause()
    this.#isWaitingForOutput = true
  }

  /** The host has taken all that was pending for the Client. */
  outputTaken(): void {
    if (!this.#isWaitingForOutput) return
    this.#isWaitingForOutput = false
    this.#resume()
  }

  #waitForStore(acknowledgements: Acknowledgements): void {
    if (this.#isWaitingForStore) return
    if (!this.isPaused) this.#stream.pause()
    this.#isWaitingForStore = true
    acknowledgements.whenReleased(() => {
      this.#isWaitingForStore = false
      this.#resume()
    })
  }

  waitFor(receiver: SlowReceiver): void {
    if (this.#receiver !== undefined) return
    if (!this.isPaused) this.#stream.pause()
    this.#receiver = receiver
    this.#finishedAtStart = receiver.finishedCount
    this.#onRelieved ??= () => this.#endWait()
    receiver.wait(this.#onRelieved)
    this.#timer ??= new WheelTimer(() => this.#losePatience())
    this.#services.timers.set(this.#timer, this.#services.runtime.monotonicMs() + RECEIVER_PATIENCE_MS)
  }

  /** Reads on whatever it waited for: the connection is closing. */
  stop(): void {
    const wasPaused = this.isPaused
    this.#isWaitingForStore = false
    this.#isWaitingForOutput = false
    this.#forgetReceiver()
    if (wasPaused) this.#stream.resume()
  }

  #losePatience(): void {
    const receiver = this.#receiver
    if (receiver?.finishedCount === this.#finishedAtStart) receiver.isStuck = true
    this.#endWait()
  }

  #endWait(): void {
    this.#forgetReceiver()
    this.#resume()
  }

  #resume(): void {
    if (this.isPaused) return
    this.#resumedMs = this.#services.runtime.monotonicMs()
    this.#stream.resume()
  }

  #forgetReceiver(): void {
    if (this.#onRelieved !== undefined) this.#receiver?.stopWaiting(this.#onRelieved)
    this.#receiver = undefined
    this.#services.timers.clear(this.#timer)
  }
}
