import type { Publish } from '@curlew/codec'
import type { ClientRole } from './client-role.ts'
import type { Ledger } from './ledger.ts'
import type { Random } from './random.ts'
import type { RoleServices } from './roles.ts'
import type { SimulatedClient } from './simulated-client.ts'
import { Violation } from './violation.ts'

/** Seconds: Session Expiry Intervals, one of them for each connection. */
const INTERVALS = [0, 1, 2, 4, 8] as const
/** Milliseconds that it is away, at most: sometimes longer than its Session lasts. */
const AWAY_MAX_MS = [500, 4_000, 12_000] as const
/** Milliseconds without a Subscription after its Session has begun anew. */
const PAUSE_MS = 100

/**
 * Comes and goes with short Session Expiry Intervals, and subscribes when its Session is a new one. That its Session is there when it must be, and not
 * when it must not, is what every client looks at; this one also sees whether anything of an ended Session still comes.
 */
export class ExpiringSessionRole implements ClientRole {
  client!: SimulatedClient
  readonly #services: RoleServices
  readonly #random: Random
  #hasSubscribed = false

  constructor(services: RoleServices, random: Random) {
    this.#services = services
    this.#random = random
  }

  get ledger(): Ledger {
    return this.#services.ledger
  }

  expiryInterval(): number {
    return this.#random.pick(INTERVALS)
  }

  /** Milliseconds until it connects again. */
  get awayMs(): number {
    return this.#random.duration(10, this.#random.pick(AWAY_MAX_MS))
  }

  startComingAndGoing(): void {
    const { queue, isActive } = this.#services
    queue.after(this.#random.duration(200, 3_000), () => {
      if (!isActive()) return
      if (this.#random.chance(0.5)) this.client.leave()
      else this.client.vanish(this.#random.chance(0.7))
      this.startComingAndGoing()
    })
  }

  onOnline(isSessionPresent: boolean): void {
    if (!isSessionPresent) this.#hasSubscribed = false
    if (this.#hasSubscribed) return
    const { link } = this.client
    this.#services.queue.after(PAUSE_MS, () => {
      if (this.client.link !== link || !this.client.isOnline) return
      this.#hasSubscribed = true
      this.client.subscribe([{ filter: 't/#', qos: 1 }])
    })
  }

  onPublish({ topic }: Publish): void {
    if (this.#hasSubscribed) return
    throw new Violation('a message of a Session that has ended', `'${topic}' to ${this.client.profile.name}`)
  }
}
