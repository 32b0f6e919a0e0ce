/** Messages that wait in the queues of all Sessions of a broker, in memory or in the Store. One object serves all of them. */
export class WaitingTotals {
  count = 0
  /** As `messageBytes` counts them. */
  bytes = 0
}
