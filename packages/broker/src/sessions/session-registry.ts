import { SESSION_NEVER_EXPIRES, sessionExpiresAt } from '@curlew/protocol'
import type { Router } from '../routing/router.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { type TimerWheel, WheelTimer } from '../runtime/timer-wheel.ts'
import type { SessionRecord, WillRecord } from '../store/store.ts'
import type { Outlet } from './outlet.ts'
import { Session } from './session.ts'
import type { SessionServices } from './session-services.ts'
import type { ToldStore } from './store-answers.ts'
import { delayIntervalOf, willMessage, willRecord } from './will.ts'

export interface RegistryLimits {
  /** Sessions at most, connected or not. Default 1 000 000. */
  sessionsMax: number
  /** Seconds that a Session may outlive its connection at most; also for Clean Session 0 of 3.1.1. Default 7 days. */
  sessionExpiryIntervalMax: number
}

/** What the registry needs beside what it gives to its Sessions. */
export interface RegistryServices {
  readonly runtime: Runtime
  readonly store: ToldStore
  readonly router: Router
  readonly timers: TimerWheel
  readonly limits: RegistryLimits
  readonly sessions: SessionServices
  /** Says that something happens in this turn, before a timer changes anything. */
  touch(): void
}

/** Begins the names of Sessions that have ended and still have something to give away; no Client can have such an identifier. */
export const departedPrefix = '\u0001departed-'

/** The outcome of {@link SessionRegistry.open}. */
export interface OpenedSession {
  readonly session: Session
  /** Whether it existed before: Session Present of CONNACK [MQTT-3.2.2-2], [MQTT-3.2.2-3]. */
  readonly isPresent: boolean
  /** Whether the Store knows it, or knew the one whose place it takes. */
  readonly isStored: boolean
}

/** A Session with what happens to it while nobody is connected. */
class Entry {
  readonly session: Session
  /** A Will that an earlier run of the broker had stored, in place of the Session's. */
  restoredWill: WillRecord | undefined = undefined
  /** Wall clock of the last disconnection. */
  disconnectedAtMs: number | undefined = undefined
  /** These two: made when they are first set. */
  willTimer: WheelTimer | undefined
  expiryTimer: WheelTimer | undefined

  constructor(session: Session) {
    this.session = session
  }
}

/** Read by whoever shows numbers. */
export class RegistryCounters {
  takenOver = 0
  expired = 0
  /** Sessions that a connection holds now. */
  connected = 0
  /** The most there have been of them. */
  connectedMax = 0
}

/**
 * All Sessions by Client Identifier, and the turns of their lives: created or resumed by CONNECT, left by the end of a
 * connection, ended by Clean Start or by their expiry. At most one connection holds a Session at a time.
 */
export class SessionRegistry {
  readonly #entries = new Map<string, Entry>()
  /** Client Identifiers of stored Sessions whose end is not stored yet, with how many each has had: after a crash they would be there again. */
  readonly #endings = new Map<string, number>()
  readonly #services: RegistryServices
  #isStopping = false
  readonly counters: RegistryCounters = new RegistryCounters()

  constructor(services: RegistryServices) {
    this.#services = services
  }

  /** Sessions, connected or not. */
  get count(): number {
    return this.#entries.size
  }

  get(clientId: string): Session | undefined {
    return this.#entries.get(clientId)?.session
  }

  sessions(): Session[] {
    return Array.from(this.#entries.values(), entry => entry.session)
  }

  /** Whether one more Session may be created under this Client Identifier. */
  hasRoomFor(clientId: string): boolean {
    return this.#entries.has(clientId) || this.#entries.size < this.#services.limits.sessionsMax
  }

  /**
   * Finds or creates the Session of a Client that connects, for the connection to attach itself to. Another connection that holds it
   * is ended first [MQTT-3.1.4-3].
   *
   * @param expiryInterval seconds, already within {@link RegistryLimits.sessionExpiryIntervalMax}
   */
  open(clientId: string, cleanStart: boolean, expiryInterval: number): OpenedSession {
    const wasStored = this.#entries.get(clientId)?.session.isStored === true || this.#endings.has(clientId)
    const opened = this.#open(clientId, cleanStart, expiryInterval)
    const { counters } = this
    counters.connected++
    if (counters.connected > counters.connectedMax) counters.connectedMax = counters.connected
    return { ...opened, isStored: wasStored || opened.session.isStored }
  }

  #open(clientId: string, cleanStart: boolean, expiryInterval: number): Omit<OpenedSession, 'isStored'> {
    const outlet = this.#entries.get(clientId)?.session.outlet
    if (outlet !== undefined) {
      this.counters.takenOver++
      outlet.takeOver()
    }
    const known = this.#entries.get(clientId)
    if (known !== undefined && cleanStart) this.#end(known) // [MQTT-3.1.2-4]
    const entry = this.#entries.get(clientId)
    if (entry === undefined) return { session: this.#create(clientId, expiryInterval), isPresent: false } // [MQTT-3.1.2-6]
    const { session } = entry
    session.expiryInterval = expiryInterval
    session.will = undefined // [MQTT-3.1.3-9]
    entry.restoredWill = undefined
    if (session.isStored || expiryInterval > 0) session.save()
    this.#services.timers.clear(entry.willTimer)
    this.#services.timers.clear(entry.expiryTimer)
    return { session, isPresent: true } // [MQTT-3.1.2-5]
  }

  /**
   * Ends the hold of a connection on its Session. The Will, if it is still there, is published now or after its delay,
   * and the Session ends now or after its expiry.
   *
   * @param outlet the connection; when the Session belongs to another one by now, nothing happens
   */
  leave(session: Session, outlet: Outlet): void {
    if (session.outlet !== outlet) return
    this.counters.connected--
    session.detach()
    const entry = this.#entries.get(session.clientId)!
    const { runtime } = this.#services
    const now = runtime.monotonicMs()
    if (session.expiryInterval === 0) return this.#end(entry)
    const expiry = sessionExpiresAt(now, session.expiryInterval)
    this.#expireAt(entry, expiry)
    entry.disconnectedAtMs = runtime.wallClockMs()
    const delayMs = session.will === undefined ? 0 : delayIntervalOf(session.will) * 1000
    if (delayMs === 0) this.#publishWill(entry)
    else this.#publishWillAt(entry, now + delayMs) // [MQTT-3.1.2-8]
    // What is left of the Will is published after its delay, by a later run of the broker if need be.
    if (session.isStored) session.save(entry.disconnectedAtMs, entry.disconnectedAtMs + delayMs)
  }

  /** Takes over a Session that an earlier run of the broker had stored. @param expiry monotonic milliseconds */
  restore(session: Session, expiry: number, { will, disconnectedAtMs }: SessionRecord): void {
    const { runtime } = this.#services
    const entry = this.#add(session)
    entry.disconnectedAtMs = disconnectedAtMs
    this.#expireAt(entry, expiry)
    if (will === undefined) return
    entry.restoredWill = will
    // The Client was connected when the broker crashed: the delay begins now.
    const delayMs = will.delayInterval * 1000
    const leftMs = will.dueAtMs === undefined ? delayMs : Math.max(0, will.dueAtMs - runtime.wallClockMs())
    this.#publishWillAt(entry, runtime.monotonicMs() + Math.min(leftMs, delayMs))
  }

  /** Publishes a Will: of a Session here, or of one that ended while the broker was not running. */
  publishWill(will: WillRecord): void {
    const { router, runtime } = this.#services
    const message = willMessage(will, runtime.monotonicMs())
    if (message.retain) router.retain(message) // [MQTT-3.1.2-15]
    router.publish(message)
  }

  /**
   * Gives to others what a Session that has ended had of Shared Subscriptions, then forgets it. While the Store is read for that, the
   * Session is kept there under another name.
   */
  depart(session: Session): void {
    const { store, runtime } = this.#services
    let isDone = false
    session.handOverUnfinished(false, () => {
      isDone = true
      if (session.isStored) store.deleteSession(session.storeId)
    })
    if (isDone || session.storeId !== session.clientId) return
    const clientId = `${departedPrefix}${runtime.uniqueId()}`
    const record = { clientId, expiryInterval: SESSION_NEVER_EXPIRES, disconnectedAtMs: undefined, will: undefined }
    store.renameSession(session.storeId, record)
    session.storeId = clientId
  }

  /** Begins the end of the broker: from now on connections leave without their Wills being published (section 3.1.2.5). */
  stop(): void {
    this.#isStopping = true
  }

  #create(clientId: string, expiryInterval: number): Session {
    const session = new Session(clientId, expiryInterval, this.#services.sessions)
    if (expiryInterval > 0) session.save()
    this.#add(session)
    return session
  }

  #add(session: Session): Entry {
    const entry = new Entry(session)
    this.#entries.set(session.clientId, entry)
    return entry
  }

  /** @param dueMs monotonic milliseconds */
  #publishWillAt(entry: Entry, dueMs: number): void {
    const { timers, touch } = this.#services
    entry.willTimer ??= new WheelTimer(() => {
      touch()
      this.#publishWill(entry)
      if (entry.session.isStored) entry.session.save(entry.disconnectedAtMs)
    })
    timers.set(entry.willTimer, dueMs)
  }

  /** @param dueMs monotonic milliseconds; infinity: never */
  #expireAt(entry: Entry, dueMs: number): void {
    if (!Number.isFinite(dueMs)) return
    const { timers, touch } = this.#services
    entry.expiryTimer ??= new WheelTimer(() => {
      touch()
      this.counters.expired++
      this.#end(entry)
    })
    timers.set(entry.expiryTimer, dueMs)
  }

  /** Forgets a Session: its Will is published at the latest now [MQTT-3.1.2-8], its Subscriptions go. */
  #end(entry: Entry): void {
    const { timers, router } = this.#services
    const { session } = entry
    timers.clear(entry.willTimer)
    timers.clear(entry.expiryTimer)
    this.#entries.delete(session.clientId)
    for (const filter of session.subscriptions.filters()) {
      router.unsubscribe(filter, session)
      session.cancelRetained(filter)
    }
    session.subscriptions.clear()
    this.depart(session)
    if (session.isStored) this.#watchEnding(session.clientId)
    this.#publishWill(entry)
  }

  #watchEnding(clientId: string): void {
    this.#endings.set(clientId, (this.#endings.get(clientId) ?? 0) + 1)
    this.#services.sessions.answers.whenSettled(() => {
      const left = this.#endings.get(clientId)! - 1
      if (left === 0) this.#endings.delete(clientId)
      else this.#endings.set(clientId, left)
    })
  }

  #publishWill(entry: Entry): void {
    const { session, restoredWill } = entry
    if (this.#isStopping) return
    const will = session.will === undefined ? restoredWill : willRecord(session.will, session.clientId, undefined)
    session.will = undefined // [MQTT-3.1.2-10]
    entry.restoredWill = undefined
    if (will !== undefined) this.publishWill(will)
  }
}
