/** The moment of what does not expire. */
export const NEVER: number = Number.POSITIVE_INFINITY

/** Session Expiry Interval that means: the Session does not expire (section 3.1.2.11.2). */
export const SESSION_NEVER_EXPIRES = 0xffffffff

/**
 * When something that is received at `now` with an expiry interval ends.
 *
 * @param now milliseconds of the monotonic clock
 * @param interval seconds; `undefined` means that it does not expire
 */
export function expiresAt(now: number, interval: number | undefined): number {
  return interval === undefined ? NEVER : now + interval * 1000
}

/** As {@link expiresAt}, for a Session Expiry Interval, whose largest value means never. */
export function sessionExpiresAt(now: number, interval: number): number {
  return interval === SESSION_NEVER_EXPIRES ? NEVER : now + interval * 1000
}

/**
 * The Message Expiry Interval to send: what was received minus the time the message has waited
 * [MQTT-3.3.2-6].
 *
 * @returns whole seconds, rounded up so that a message that is still alive never says 0; `undefined` if it does not expire
 */
export function remainingInterval(moment: number, now: number): number | undefined {
  if (moment === NEVER) return undefined
  if (moment <= now) return 0
  // A clock reads fractions of milliseconds, and (now + 3000) - now can be a little more than 3000. Rounding to whole
  // milliseconds first keeps that from becoming a second more than was received.
  return Math.max(1, Math.ceil(Math.round(moment - now) / 1000))
}

/** Whether the moment has come [MQTT-3.3.2-5]. */
export function isExpired(moment: number, now: number): boolean {
  return moment <= now
}
