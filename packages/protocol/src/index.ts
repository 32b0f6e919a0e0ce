/** MQTT without I/O, for both ends: time is an argument, packets are values. */
export { IncomingDeliveries, type Reception } from './delivery/incoming.ts'
export { type AfterPubrec, type DeliveryPhase, OutgoingDeliveries, OutgoingDelivery } from './delivery/outgoing.ts'
export { PACKET_ID_MAX, PacketIds, packetIdAt } from './delivery/packet-ids.ts'
export { expiresAt, isExpired, NEVER, remainingInterval, SESSION_NEVER_EXPIRES, sessionExpiresAt } from './expiry.ts'
export { pingDue, silenceDeadline } from './keep-alive.ts'
export { Message, type MessageFields } from './message.ts'
export { IncomingTopicAliases, type OutgoingAlias, OutgoingTopicAliases } from './topic-aliases.ts'
export { matchesTopicFilter } from './topic-filter.ts'
