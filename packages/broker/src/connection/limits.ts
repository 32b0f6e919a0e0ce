import type { OutputLimits } from './output.ts'

/** What one connection may do. Every limit is finite by default. */
export interface ConnectionLimits extends OutputLimits {
  /** Milliseconds from the first byte possible to the end of CONNECT, in total. Default 10 000. */
  connectTimeoutMs: number
  /** Bytes of the CONNECT packet at most: nobody has shown who they are yet. Default 64 KiB. */
  connectPacketBytesMax: number
  /** Bytes of any later packet at most, announced as Maximum Packet Size. Default 2 MiB; the format allows 256 MiB. */
  packetBytesMax: number
  /** Milliseconds that one packet may take to arrive. Default 120 000. */
  packetTimeoutMs: number
  /** Seconds; a 5.0 Client that asks for more, or for 0, is given this as Server Keep Alive. Default 1 200. */
  keepAliveMax: number
  /** QoS 1 and 2 messages a 5.0 Client may have under way to us, announced as Receive Maximum. Default 100. */
  receiveMaximum: number
  /** Topic Aliases a Client may set, announced as Topic Alias Maximum. Default 32. */
  topicAliasMaximum: number
  /** Topic Aliases that we set for a Client which takes them, at most. Default 32. */
  outgoingTopicAliasMaximum: number
  /** Levels of a Topic Name or Topic Filter. Default 128. */
  topicLevelsMax: number
  /** Bytes, counted as UTF-16 units, of a Topic Filter. Default 4 096. */
  filterLengthMax: number
  /** Wildcards in one Topic Filter: each one multiplies the places a match must look at. Default 8. */
  filterWildcardsMax: number
  /** Subscriptions of one Session. Default 1 000. */
  subscriptionsMax: number
  /** Topic Filters in one SUBSCRIBE or UNSUBSCRIBE. Default 1 000. */
  filtersPerPacketMax: number
  /** Milliseconds that a Client may take nothing of what is pending for it. Default 30 000. */
  stalledOutputTimeoutMs: number
  /** Milliseconds that the peer has for reading our last packet after we have closed our side. Default 1 000. */
  lingerMs: number
}

export const defaultConnectionLimits: ConnectionLimits = {
  outputHighWaterBytes: 1_048_576,
  connectTimeoutMs: 10_000,
  connectPacketBytesMax: 65_536,
  packetBytesMax: 2_097_152,
  packetTimeoutMs: 120_000,
  keepAliveMax: 1_200,
  receiveMaximum: 100,
  topicAliasMaximum: 32,
  outgoingTopicAliasMaximum: 32,
  topicLevelsMax: 128,
  filterLengthMax: 4_096,
  filterWildcardsMax: 8,
  subscriptionsMax: 1_000,
  filtersPerPacketMax: 1_000,
  stalledOutputTimeoutMs: 30_000,
  lingerMs: 1_000,
}
