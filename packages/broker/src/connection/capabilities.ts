import type { ConnackProperties, Connect, QoS, ReasonCode } from '@curlew/codec'
import type { ConnectionLimits } from './limits.ts'

/** What a broker offers of MQTT. Everything is on by default; what is switched off is announced, and refused when it is used. */
export interface Capabilities {
  /** The highest QoS that is taken from Clients and granted to them. Default 2. */
  maximumQoS: QoS
  /** Default `true`. */
  retainAvailable: boolean
  /** Default `true`. */
  wildcardSubscriptionAvailable: boolean
  /** Default `true`. */
  subscriptionIdentifiersAvailable: boolean
  /** Default `true`. */
  sharedSubscriptionAvailable: boolean
  /** What a Client gets that asks for Response Information (section 3.2.2.3.15). Default: nothing. */
  responseInformation: string | undefined
  /**
   * Sends every Client elsewhere: 0x9C for now, 0x9D for good, with this Server Reference (section 4.11). Default: no.
   */
  serverReference: ServerReference | undefined
  /** Whether a payload that is announced as UTF-8 is checked and refused with 0x99 (section 3.3.2.3.2). Default `false`. */
  validatesPayloadFormat: boolean
}

export interface ServerReference {
  readonly reasonCode: typeof ReasonCode.UseAnotherServer | typeof ReasonCode.ServerMoved
  /** Host names or addresses with optional ports, separated by spaces. */
  readonly reference: string
}

export const defaultCapabilities: Capabilities = {
  maximumQoS: 2,
  retainAvailable: true,
  wildcardSubscriptionAvailable: true,
  subscriptionIdentifiersAvailable: true,
  sharedSubscriptionAvailable: true,
  responseInformation: undefined,
  serverReference: undefined,
  validatesPayloadFormat: false,
}

/** What was decided about a connection that differs from what its CONNECT asked for. */
export interface Granted {
  /** Client Identifier that we made up, if the Client sent none. */
  readonly assignedClientId: string | undefined
  /** Seconds. */
  readonly sessionExpiryInterval: number
  /** Seconds. */
  readonly keepAlive: number
}

/** `false` where it differs from the default of the specification, which is then left out. */
function unlessAvailable(isAvailable: boolean): false | undefined {
  return isAvailable ? undefined : false
}

/**
 * The properties of a CONNACK that accepts: what this Server can do and what it decided (section 3.2.2.3).
 * What equals the default of the specification, or what the Client asked for, is left out.
 */
export function connackProperties(
  connect: Connect,
  granted: Granted,
  limits: ConnectionLimits,
  capabilities: Capabilities,
): ConnackProperties {
  const { properties } = connect
  const asked = properties.sessionExpiryInterval ?? 0
  const { maximumQoS } = capabilities
  return {
    sessionExpiryInterval: granted.sessionExpiryInterval === asked ? undefined : granted.sessionExpiryInterval,
    receiveMaximum: limits.receiveMaximum,
    maximumQoS: maximumQoS === 2 ? undefined : maximumQoS, // [MQTT-3.2.2-9]
    retainAvailable: unlessAvailable(capabilities.retainAvailable),
    maximumPacketSize: limits.packetBytesMax,
    assignedClientIdentifier: granted.assignedClientId, // [MQTT-3.1.3-7]
    topicAliasMaximum: limits.topicAliasMaximum,
    wildcardSubscriptionAvailable: unlessAvailable(capabilities.wildcardSubscriptionAvailable),
    subscriptionIdentifiersAvailable: unlessAvailable(capabilities.subscriptionIdentifiersAvailable),
    sharedSubscriptionAvailable: unlessAvailable(capabilities.sharedSubscriptionAvailable),
    serverKeepAlive: granted.keepAlive === connect.keepAlive ? undefined : granted.keepAlive,
    responseInformation: properties.requestResponseInformation ? capabilities.responseInformation : undefined, // [MQTT-3.1.2-28]
  }
}
