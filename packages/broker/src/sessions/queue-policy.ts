/**
 * What happens when one more message of QoS 1 or 2 does not fit into the queue of a Session (ADR 0016):
 * - `drop-oldest`: the oldest make room;
 * - `reject-publisher`: the PUBLISH of a Client is refused with 0x97, and goes to none of its receivers; below 5.0, where nothing can be
 *   refused, the connection of the publisher ends. What the Server itself publishes makes room as above;
 * - `disconnect`: the oldest make room, and if the Client of the Session is connected, it is disconnected with 0x97.
 */
export type QueuePolicy = 'drop-oldest' | 'reject-publisher' | 'disconnect'

export const queuePolicies: readonly QueuePolicy[] = ['drop-oldest', 'reject-publisher', 'disconnect']
