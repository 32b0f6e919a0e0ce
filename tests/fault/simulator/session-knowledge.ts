import type { Link } from './simulated-network.ts'
import { Violation } from './violation.ts'

/** What a client cannot know and the simulation does, in virtual milliseconds. */
export interface HostKnowledge {
  /** When the process that runs now began to listen. */
  readonly listeningSinceMs: number
  /** The last jump of the wall clock that a process was started after: what was stored before has an age that nobody knows. */
  readonly doubtfulClockMs: number
  /** How often the disk was in trouble. */
  readonly troubles: number
}

/** One CONNECT. */
interface Attempt {
  readonly link: Link
  readonly cleanStart: boolean
  /** Seconds. */
  readonly expiryInterval: number
}

/** How much later than its moment a Session may end, in milliseconds: the wheel ticks every 100, and a turn takes its time. */
const LATE_MS = 500
/** How exactly the end of a connection is known, in milliseconds: between DISCONNECT and the end of the connection may lie the delay of a network. */
const UNSURE_MS = 2_000
/** Seconds: a Session that is kept for longer is not ended by any jump of the clock. */
const JUMP_MAX_S = 3 * 86_400

/** What a client knows of its Session at the broker, and what Session Present must therefore be. */
export class SessionKnowledge {
  readonly #client: string
  readonly #host: HostKnowledge
  /** The connection that was accepted last, if one was, and all attempts since. */
  #attempts: Attempt[] = []
  #hasBase = false
  /** The process that found damaged what the broker had stored of it; `undefined` once a CONNACK of that process or a later one has come. */
  #doubtedBy: number | undefined

  constructor(client: string, host: HostKnowledge) {
    this.#client = client
    this.#host = host
  }

  /** What the broker had stored of it is damaged. @param processId of the process that has read it so */
  doubt(processId: number): void {
    this.#doubtedBy = processId
  }

  connect(attempt: Attempt): void {
    this.#attempts.push(attempt)
  }

  /** CONNACK has come on the last attempt. @throws {Violation} when Session Present is not what it must be */
  accept(sessionPresent: boolean): void {
    const current = this.#attempts.at(-1)!
    const earlier = this.#attempts.slice(0, -1).filter(({ link }) => link.openedMs !== undefined)
    const base = this.#hasBase ? this.#attempts[0] : undefined
    this.#attempts = [current]
    this.#hasBase = true
    const name = this.#client
    const isDoubtful = this.#doubtedBy !== undefined
    // A CONNACK of an earlier process, which the network had held up, tells nothing of what was damaged since.
    if (isDoubtful && current.link.processId >= this.#doubtedBy!) this.#doubtedBy = undefined
    if (current.cleanStart) {
      if (sessionPresent) throw new Violation('Session Present after Clean Start', name)
      return
    }
    if (isDoubtful) return
    if (sessionPresent && earlier.length === 0) throw new Violation('Session Present without a Session', name)
    if (sessionPresent) return this.#checkAlive(earlier, current)
    if (base !== undefined) this.#checkEnded(base, earlier, current)
  }

  /** @throws {Violation} when the Session that is there must have ended */
  #checkAlive(earlier: readonly Attempt[], current: Attempt): void {
    const intervalMs = Math.max(...earlier.map(({ expiryInterval }) => expiryInterval)) * 1_000
    const { listeningSinceMs, troubles } = this.#host
    // That it had ended could not be stored when the broker was killed.
    if (troubles > 0 && earlier.some(({ link }) => link.processId !== current.link.processId)) return
    // A Client that was connected when the broker was killed counts as disconnected when it is back.
    const ends = earlier.map(({ link }) =>
      link.processId === current.link.processId ? (link.endedMs ?? Infinity) : listeningSinceMs,
    )
    const awayMs = current.link.openedMs! - Math.max(...ends)
    if (awayMs <= intervalMs + LATE_MS) return
    throw new Violation('a Session outlives its expiry', `${this.#client}, ${intervalMs} ms, away for ${awayMs} ms`)
  }

  /** @throws {Violation} when the Session that is not there must be */
  #checkEnded(base: Attempt, earlier: readonly Attempt[], current: Attempt): void {
    const since = [base, ...earlier.filter(({ link }) => link !== base.link)]
    if (since.slice(1).some(({ cleanStart }) => cleanStart)) return
    const interval = Math.min(...since.map(({ expiryInterval }) => expiryInterval))
    const goneMs = base.link.endedMs ?? Infinity
    const isDoubtful = interval < JUMP_MAX_S && this.#host.doubtfulClockMs >= goneMs - UNSURE_MS
    const awayMs = current.link.lastSent.toMs - goneMs
    if (interval === 0 || isDoubtful || awayMs + UNSURE_MS >= interval * 1_000) return
    throw new Violation('a Session is lost', `${this.#client}, ${interval} s, away for ${awayMs} ms`)
  }
}
