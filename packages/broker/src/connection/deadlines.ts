import { ReasonCode } from '@curlew/codec'
import { silenceDeadline } from '@curlew/protocol'
import type { Runtime } from '../runtime/runtime.ts'
import { type TimerWheel, WheelTimer } from '../runtime/timer-wheel.ts'
import type { ConnectionLimits } from './limits.ts'

/** What the deadlines need to see and do. Implemented by the connection they belong to. */
export interface DeadlineOwner {
  /** Changes whenever the host has taken something of what was written. */
  readonly takenMark: number
  /** Bytes that the host has not taken. */
  readonly pendingBytes: number
  close(reasonCode: ReasonCode, message: string): void
  /** Closes both sides at once: waiting longer would not help. */
  abort(): void
}

/** What the deadlines need to know of the reading: a Client that we do not read is not silent. */
export interface Listening {
  /** Monotonic milliseconds; bytes that came up to then may not have been read. Now, while reading is paused. */
  readonly unreadUntilMs: number
}

/** What a connection waits for. */
type Awaited = 'connect' | 'packet' | 'close'

/** What the deadlines of all connections share. */
export interface DeadlineServices {
  readonly runtime: Runtime
  readonly timers: TimerWheel
  readonly limits: ConnectionLimits
  readonly turn: { touch(): void }
}

/**
 * How long a connection may take: for its CONNECT, between packets, within one packet, for taking what we send, and for closing.
 * Each time runs on a timer of the wheel, made when it is first needed: most connections are idle, and need one. A packet that
 * arrives costs no timer operation.
 */
export class Deadlines {
  readonly #owner: DeadlineOwner
  readonly #services: DeadlineServices
  readonly #reading: Listening
  /** Seconds; 0: silence is no reason to close. */
  #keepAlive = 0
  /** Monotonic milliseconds of the last bytes from the Client. */
  lastReceivedMs: number
  #takenMarkAtStallStart = 0
  /** What `#timer` is for: first CONNECT, then that the Client says something, at the end that it closes too. */
  #awaited: Awaited = 'connect'
  readonly #timer: WheelTimer
  #packetTimer: WheelTimer | undefined
  #stallTimer: WheelTimer | undefined

  constructor(owner: DeadlineOwner, services: DeadlineServices, reading: Listening) {
    this.#owner = owner
    this.#reading = reading
    this.#services = services
    const { runtime, timers, limits } = services
    this.lastReceivedMs = runtime.monotonicMs()
    this.#timer = new WheelTimer(() => this.#onDue())
    timers.set(this.#timer, this.lastReceivedMs + limits.connectTimeoutMs)
  }

  /** CONNECT has come: from now on silence counts. @param keepAlive seconds */
  startKeepAlive(keepAlive: number): void {
    const { timers } = this.#services
    timers.clear(this.#timer)
    this.#keepAlive = keepAlive
    if (keepAlive === 0) return
    this.#awaited = 'packet'
    timers.set(this.#timer, silenceDeadline(this.lastReceivedMs, keepAlive))
  }

  /**
   * @param isInside whether a packet has begun and has not come whole
   * @param isNew whether that packet began with the bytes that came last; each has its own time
   */
  watchPacket(isInside: boolean, isNew: boolean): void {
    const { timers, runtime, limits } = this.#services
    if (!isInside) return timers.clear(this.#packetTimer)
    this.#packetTimer ??= new WheelTimer(() => this.#onSlowPacket())
    if (isNew || !this.#packetTimer.isSet) {
      timers.set(this.#packetTimer, runtime.monotonicMs() + limits.packetTimeoutMs)
    }
  }

  /** The host holds bytes that the Client does not take. */
  watchStall(): void {
    this.#stallTimer ??= new WheelTimer(() => this.#onStalled())
    if (this.#stallTimer.isSet) return
    const { timers, runtime, limits } = this.#services
    this.#takenMarkAtStallStart = this.#owner.takenMark
    timers.set(this.#stallTimer, runtime.monotonicMs() + limits.stalledOutputTimeoutMs)
  }

  /** The Client has taken everything. */
  endStall(): void {
    this.#services.timers.clear(this.#stallTimer)
  }

  /** Our side is closed: the peer has some time left to read and to close too. */
  startLinger(): void {
    const { timers, runtime, limits } = this.#services
    this.stop()
    this.#awaited = 'close'
    timers.set(this.#timer, runtime.monotonicMs() + limits.lingerMs)
  }

  stop(): void {
    const { timers } = this.#services
    timers.clear(this.#timer)
    timers.clear(this.#packetTimer)
    timers.clear(this.#stallTimer)
  }

  #onDue(): void {
    this.#services.turn.touch()
    switch (this.#awaited) {
      case 'connect':
        return this.#owner.close(ReasonCode.UnspecifiedError, 'no CONNECT came in time')
      case 'packet':
        return this.#onSilence()
      case 'close':
        return this.#owner.abort()
      default:
        this.#awaited satisfies never
    }
  }

  #onSlowPacket(): void {
    this.#services.turn.touch()
    const { timers, runtime, limits } = this.#services
    const deadline = this.#reading.unreadUntilMs + limits.packetTimeoutMs
    if (deadline > runtime.monotonicMs()) return timers.set(this.#packetTimer!, deadline)
    this.#owner.close(ReasonCode.UnspecifiedError, 'a packet took too long to arrive')
  }

  #onSilence(): void {
    const { timers, runtime } = this.#services
    const deadline = silenceDeadline(Math.max(this.lastReceivedMs, this.#reading.unreadUntilMs), this.#keepAlive)
    if (deadline > runtime.monotonicMs()) return timers.set(this.#timer, deadline)
    const message = `nothing came for one and a half times the Keep Alive of ${this.#keepAlive} s`
    this.#owner.close(ReasonCode.KeepAliveTimeout, message) // [MQTT-3.1.2-22]
  }

  #onStalled(): void {
    this.#services.turn.touch()
    const { takenMark, pendingBytes } = this.#owner
    if (pendingBytes === 0) return
    if (takenMark !== this.#takenMarkAtStallStart) return this.watchStall()
    this.#owner.close(ReasonCode.QuotaExceeded, 'the client takes nothing of what is pending for it')
    this.#owner.abort()
  }
}
