import {
  type AuthProperties,
  type Connack,
  type Connect,
  countTopicLevels,
  noProperties,
  PacketType,
  ReasonCode,
} from '@curlew/codec'
import { SESSION_NEVER_EXPIRES } from '@curlew/protocol'
import type { AuthenticationMethod } from './authentication.ts'
import { connackProperties } from './capabilities.ts'
import { isReservedTopic } from './reserved-topics.ts'
import type { ConnectionServices } from './services.ts'

/** A CONNECT on its way through the steps. */
interface Attempt {
  readonly connect: Connect
  readonly services: ConnectionServices
  clientId: string
  assignedClientId: string | undefined
  /** Seconds. */
  sessionExpiryInterval: number
  /** Seconds. */
  keepAlive: number
}

/** Why a CONNECT is refused. */
export interface Refusal {
  readonly reasonCode: ReasonCode
  /** For people: what is wrong, and what would be right. */
  readonly message: string
  /** Where the Client should go instead. */
  readonly serverReference?: string
  /** Whether the Client is not told. */
  readonly isSilent?: boolean
}

/** What an accepted CONNECT comes to. */
export interface Admission {
  readonly clientId: string
  readonly cleanStart: boolean
  /** Seconds. */
  readonly sessionExpiryInterval: number
  /** Seconds; 0: no limit. */
  readonly keepAlive: number
  /** The Authentication Method that the Client must satisfy first. */
  readonly method: AuthenticationMethod | undefined
  /** Asks again what may have changed while the Client authenticated. */
  recheck(): Refusal | undefined
  /** The CONNACK to send when the Session is open. @param authentication the end of that exchange */
  connack(sessionPresent: boolean, authentication?: AuthProperties): Connack
}

/** Each step looks at one thing and either refuses or goes on. They come in the order of what is cheapest to refuse. */
const steps: readonly ((attempt: Attempt) => Refusal | undefined)[] = [
  redirect,
  checkAuthenticationMethod,
  identifyClient,
  checkWill,
  checkRoom,
  grantSessionExpiry,
  checkStore,
  grantKeepAlive,
]

/** Those whose answer others can change in the meantime: many who authenticate at once would all find the last place free. */
const stepsToRepeat = [checkRoom, checkStore]

/** Decides about a CONNECT. Nothing has been changed when it refuses. */
export function handshake(connect: Connect, services: ConnectionServices): Admission | Refusal {
  services.counters.receivedConnects++
  const attempt: Attempt = {
    connect,
    services,
    clientId: connect.clientId,
    assignedClientId: undefined,
    sessionExpiryInterval: 0,
    keepAlive: connect.keepAlive,
  }
  const refusal = firstRefusal(attempt, steps)
  if (refusal !== undefined) return refusal
  const { clientId, sessionExpiryInterval, keepAlive } = attempt
  const properties =
    connect.protocolVersion === 5
      ? connackProperties(connect, attempt, services.limits, services.capabilities)
      : noProperties
  return {
    clientId,
    cleanStart: connect.cleanStart,
    sessionExpiryInterval,
    keepAlive,
    method: services.authenticationMethods.get(connect.properties.authenticationMethod ?? ''),
    recheck: () => firstRefusal(attempt, stepsToRepeat),
    connack: (sessionPresent, authentication) => ({
      type: PacketType.Connack,
      sessionPresent,
      reasonCode: ReasonCode.Success,
      properties: authentication === undefined ? properties : { ...properties, ...authentication },
    }),
  }
}

function firstRefusal(attempt: Attempt, asked: typeof steps): Refusal | undefined {
  for (const step of asked) {
    const refusal = step(attempt)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function redirect({ services }: Attempt): Refusal | undefined {
  const { serverReference } = services.capabilities
  if (serverReference === undefined) return undefined
  const { reasonCode, reference } = serverReference
  return { reasonCode, message: `this Server sends its clients to ${reference}`, serverReference: reference }
}

function checkAuthenticationMethod({ connect, services }: Attempt): Refusal | undefined {
  const method = connect.properties.authenticationMethod
  if (method === undefined || services.authenticationMethods.has(method)) return undefined
  const message = `Authentication Method '${method.slice(0, 64)}' is not supported`
  return { reasonCode: ReasonCode.BadAuthenticationMethod, message } // [MQTT-4.12.0-1]
}

function identifyClient(attempt: Attempt): Refusal | undefined {
  const { connect, services } = attempt
  if (connect.clientId !== '') return undefined
  if (connect.protocolVersion < 5 && !connect.cleanStart) {
    const message = 'an empty Client Identifier needs Clean Session 1: give the client an identifier'
    return { reasonCode: ReasonCode.ClientIdentifierNotValid, message } // [MQTT3-3.1.3-8]
  }
  if (connect.protocolVersion === 3) {
    const message = 'MQTT 3.1 demands a Client Identifier of at least one character: give the client an identifier'
    return { reasonCode: ReasonCode.ClientIdentifierNotValid, message }
  }
  attempt.assignedClientId = services.runtime.uniqueId() // [MQTT-3.1.3-6]
  attempt.clientId = attempt.assignedClientId
  return undefined
}

function checkWill({ connect, services }: Attempt): Refusal | undefined {
  const { will } = connect
  if (will === undefined) return undefined
  const { topicLevelsMax } = services.limits
  if (countTopicLevels(will.topic) > topicLevelsMax) {
    return { reasonCode: ReasonCode.TopicNameInvalid, message: `Will Topic has more than ${topicLevelsMax} levels` }
  }
  if (isReservedTopic(will.topic)) {
    return { reasonCode: ReasonCode.TopicNameInvalid, message: `Will Topic '${will.topic}' is reserved for the Server` }
  }
  const { maximumQoS, retainAvailable } = services.capabilities
  if (will.qos > maximumQoS) {
    return { reasonCode: ReasonCode.QoSNotSupported, message: `Will QoS is above the maximum of ${maximumQoS}` } // [MQTT-3.2.2-12]
  }
  if (will.retain && !retainAvailable) {
    return { reasonCode: ReasonCode.RetainNotSupported, message: 'Will Retain is set; this Server retains nothing' } // [MQTT-3.2.2-13]
  }
  return undefined
}

function checkRoom({ clientId, services }: Attempt): Refusal | undefined {
  if (services.registry.hasRoomFor(clientId)) return undefined
  return { reasonCode: ReasonCode.QuotaExceeded, message: 'the Server holds as many Sessions as it may (sessionsMax)' }
}

function grantSessionExpiry(attempt: Attempt): undefined {
  const { connect, services } = attempt
  const asked =
    connect.protocolVersion === 5
      ? (connect.properties.sessionExpiryInterval ?? 0)
      : connect.cleanStart
        ? 0 // [MQTT3-3.1.2-6]
        : SESSION_NEVER_EXPIRES // [MQTT3-3.1.2-4]
  attempt.sessionExpiryInterval = Math.min(asked, services.sessionExpiryIntervalMax)
  return undefined
}

/** While the store cannot write, a Session that is kept can be neither begun nor resumed: the CONNACK would be a promise. */
function checkStore({ clientId, sessionExpiryInterval, services }: Attempt): Refusal | undefined {
  const { store, registry } = services
  const { health } = store
  if (health.isWritable || (sessionExpiryInterval === 0 && registry.get(clientId)?.isStored !== true)) return undefined
  return { reasonCode: ReasonCode.ServerUnavailable, message: `the Server cannot store Sessions now: ${health.reason}` }
}

/** Clients of 3.1.1 cannot be told another value, so they keep theirs; TCP keep-alive finds the dead among them. */
function grantKeepAlive(attempt: Attempt): undefined {
  const { connect, services } = attempt
  const { keepAliveMax } = services.limits
  if (connect.protocolVersion < 5) return undefined
  if (connect.keepAlive === 0 || connect.keepAlive > keepAliveMax) attempt.keepAlive = keepAliveMax // [MQTT-3.2.2-21]
  return undefined
}
