import type { ConnackProperties, Connect } from '@curlew/codec'
import type { ConnectionLimits } from './limits.ts'

/** What was decided about a connection that differs from what its CONNECT asked for. */
export interface Granted {
  /** Client Identifier that we made up, if the Client sent none. */
  readonly assignedClientId: string | undefined
  /** Seconds. */
  readonly sessionExpiryInterval: number
  /** Seconds. */
  readonly keepAlive: number
}

/**
 * The properties of a CONNACK that accepts: what this Server can do and what it decided (section 3.2.2.3).
 * What equals the default of the specification, or what the Client asked for, is left out.
 */
export function connackProperties(connect: Connect, granted: Granted, limits: ConnectionLimits): ConnackProperties {
  const asked = connect.properties.sessionExpiryInterval ?? 0
  return {
    sessionExpiryInterval: granted.sessionExpiryInterval === asked ? undefined : granted.sessionExpiryInterval,
    receiveMaximum: limits.receiveMaximum,
    maximumPacketSize: limits.packetBytesMax,
    assignedClientIdentifier: granted.assignedClientId, // [MQTT-3.1.3-7]
    topicAliasMaximum: limits.topicAliasMaximum,
    sharedSubscriptionAvailable: false,
    serverKeepAlive: granted.keepAlive === connect.keepAlive ? undefined : granted.keepAlive,
  }
}
