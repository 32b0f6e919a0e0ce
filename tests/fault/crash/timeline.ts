/** Milliseconds without any event after which a run counts as stuck. Far above what a busy machine pauses. */
const STUCK_MS = 20_000

interface Wait {
  readonly isOver: () => boolean
  readonly resolve: (isReached: boolean) => void
}

/**
 * The time of a run: a count of events, an event being a packet sent or received by a client, or a connection that ended. Everything
 * that happens "after a while" happens after so many events, which makes a run follow its traffic rather than the speed of
 * the machine.
 */
export class Timeline {
  /** Events so far. */
  now = 0
  /** Rounds so far: one per start of the broker. */
  round = 0
  #appointments: { readonly at: number; readonly action: () => void }[] = []
  #waits: Wait[] = []
  #guard: NodeJS.Timeout | undefined

  /** Counts one event and returns its number. */
  advance(): number {
    this.now++
    this.#guard?.refresh()
    if (this.#appointments.length > 0) this.#keepAppointments()
    if (this.#waits.length > 0) queueMicrotask(() => this.#endWaits())
    return this.now
  }

  /** Does something when so many more events have happened, in the middle of the last one. */
  after(count: number, action: () => void): void {
    this.#appointments.push({ at: this.now + count, action })
  }

  /** Resolves with `true` when `isOver` says so, or with `false` when nothing has happened for {@link STUCK_MS}. */
  until(isOver: () => boolean): Promise<boolean> {
    return new Promise(resolve => {
      this.#waits.push({ isOver, resolve })
      this.#guard ??= setTimeout(() => this.#giveUp(), STUCK_MS)
      this.#guard.refresh()
      this.#endWaits()
    })
  }

  #keepAppointments(): void {
    const due = this.#appointments.filter(({ at }) => at <= this.now)
    if (due.length === 0) return
    this.#appointments = this.#appointments.filter(({ at }) => at > this.now)
    for (const { action } of due) action()
  }

  #endWaits(): void {
    const over = this.#waits.filter(({ isOver }) => isOver())
    if (over.length === 0) return
    this.#waits = this.#waits.filter(wait => !over.includes(wait))
    this.#stopGuard()
    for (const { resolve } of over) resolve(true)
  }

  #giveUp(): void {
    const waits = this.#waits
    this.#waits = []
    this.#stopGuard()
    for (const { resolve } of waits) resolve(false)
  }

  #stopGuard(): void {
    if (this.#waits.length > 0) return
    clearTimeout(this.#guard)
    this.#guard = undefined
  }
}
