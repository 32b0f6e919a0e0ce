/** Messages that did not reach a Client, by reason. One object serves all Sessions of a broker. */
export class DropCounters {
  /** QoS 0 while the Client could not keep up. */
  congested = 0
  /** The oldest of a full queue. */
  queueFull = 0
  /** PUBLISH packets that were refused because the queue of a receiver was full; each counts once, whoever else it was for. */
  rejected = 0
  /** Message Expiry Interval. */
  expired = 0
  /** Larger than the Client's Maximum Packet Size. */
  tooLarge = 0
  /** Damaged in the Store. */
  damaged = 0
}
