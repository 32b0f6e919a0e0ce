/** The largest Packet Identifier; 0 is none (section 2.2.1). */
export const PACKET_ID_MAX = 0xffff

/** Hands out Packet Identifiers in turn, leaving out those in use [MQTT-2.2.1-3], [MQTT-2.2.1-4]. */
export class PacketIds {
  #last = 0

  /**
   * @param isInUse tells which identifiers are taken
   * @returns 1 to 65 535, or `undefined` when all are in use
   */
  next(isInUse: (packetId: number) => boolean): number | undefined {
    for (let tried = 0; tried < PACKET_ID_MAX; tried++) {
      this.#last = (this.#last % PACKET_ID_MAX) + 1
      if (!isInUse(this.#last)) return this.#last
    }
    return undefined
  }
}

/**
 * The Packet Identifier of the message at a position of a queue. Being derived, it needs no storage:
 * a queue that is read again after a crash gives the same message the same identifier.
 *
 * Every 65 535 positions have the same identifier, and one delivery that is never acknowledged keeps its own. Ask
 * {@link OutgoingDeliveries.isInUse} before sending, and let the queue wait if it is.
 *
 * @param sequence position in the queue, counted from 0
 */
export function packetIdAt(sequence: number): number {
  return (sequence % PACKET_ID_MAX) + 1
}
