import { isFailure, MqttError, type Properties, ReasonCode, reasonCodeName } from '@curlew/codec'

/** What went wrong, for programs; stable across releases. */
export type ClientErrorCode =
  /** An option or argument cannot be. */
  | 'ERR_INVALID_ARGUMENT'
  /** The stream of bytes to the Server could not be opened, or broke. */
  | 'ERR_TRANSPORT'
  /** The Server did not answer CONNECT in time. */
  | 'ERR_CONNECT_TIMEOUT'
  /** The Server refused the connection; `reasonCode` says why. */
  | 'ERR_REFUSED'
  /** The Server sent DISCONNECT; `reasonCode` says why. */
  | 'ERR_DISCONNECTED'
  /** Nothing was heard of the Server for too long. */
  | 'ERR_KEEP_ALIVE'
  /** The Server broke a rule of the protocol; `cause` says which. */
  | 'ERR_PROTOCOL'
  /** An Authentication Method failed on this side; `cause` says how. */
  | 'ERR_AUTHENTICATION'
  /** There is no connection, and the call did not want to wait for one. */
  | 'ERR_OFFLINE'
  /** The outbox has no room for the message. */
  | 'ERR_OUTBOX_FULL'
  /** The durable outbox could not store or read. */
  | 'ERR_OUTBOX'
  /** The message expired before it could be sent. */
  | 'ERR_EXPIRED'
  /** The Server does not offer what was asked for. */
  | 'ERR_NOT_SUPPORTED'
  /** The Server refused the message. */
  | 'ERR_PUBLISH_REFUSED'
  /** The Server refused the Subscription. */
  | 'ERR_SUBSCRIBE_REFUSED'
  /** A Subscription whose policy is `error` had no room for a message. */
  | 'ERR_OVERFLOW'
  /** A handler or a listener of the application threw; `cause` is what it threw. */
  | 'ERR_HANDLER'
  /** A request, or `reauthenticate()`, was not answered in time. */
  | 'ERR_TIMEOUT'
  /** A value could not be made into a payload. */
  | 'ERR_ENCODE'
  /** A payload could not be made into a value. */
  | 'ERR_DECODE'
  /** The caller's AbortSignal fired; `cause` is its reason. */
  | 'ERR_ABORTED'
  /** The Client is closed. */
  | 'ERR_CLOSED'

/** What a {@link ClientError} may carry beside its code and message. */
export interface ClientErrorDetails {
  readonly reasonCode?: number | undefined
  readonly retryable?: boolean
  readonly cause?: unknown
  readonly serverReference?: string | undefined
}

/**
 * Every error of this library. `code` is what programs test, `reasonCode` what the Server said (or was told), `retryable`
 * whether the same call may succeed later, `cause` what lies beneath.
 */
export class ClientError extends Error {
  readonly code: ClientErrorCode
  /** A Reason Code of MQTT 5.0; those of 3.1.1 are translated. `undefined` where none was involved. */
  readonly reasonCode: number | undefined
  readonly retryable: boolean
  /** Where the Server wants the Client to go instead (section 4.11). */
  readonly serverReference: string | undefined

  constructor(code: ClientErrorCode, message: string, details: ClientErrorDetails = {}) {
    super(message, details)
    this.code = code
    this.reasonCode = details.reasonCode
    this.retryable = details.retryable ?? false
    this.serverReference = details.serverReference
  }

  override get name(): string {
    return 'ClientError'
  }
}

/** CONNACK return codes of 3.1.1 as Reason Codes, table 3.1 of section 3.2.2.3 there. */
const returnCodes = [
  ReasonCode.Success,
  ReasonCode.UnsupportedProtocolVersion,
  ReasonCode.ClientIdentifierNotValid,
  ReasonCode.ServerUnavailable,
  ReasonCode.BadUserNameOrPassword,
  ReasonCode.NotAuthorized,
]

/** @param code of a CONNACK: a Reason Code, or a return code of 3.1.1 */
export function connackReasonCode(code: number): number {
  return isFailure(code) ? code : (returnCodes[code] ?? code)
}

/** What the same CONNECT would meet again: a fault of ours, of the credentials, or a decision against this Client. */
const lasting = new Set<number>([
  ReasonCode.MalformedPacket,
  ReasonCode.ProtocolError,
  ReasonCode.UnsupportedProtocolVersion,
  ReasonCode.ClientIdentifierNotValid,
  ReasonCode.BadUserNameOrPassword,
  ReasonCode.NotAuthorized,
  ReasonCode.Banned,
  ReasonCode.BadAuthenticationMethod,
  ReasonCode.SessionTakenOver,
  ReasonCode.TopicNameInvalid,
  ReasonCode.PacketTooLarge,
  ReasonCode.PayloadFormatInvalid,
  ReasonCode.RetainNotSupported,
  ReasonCode.QoSNotSupported,
  ReasonCode.ServerMoved,
])

/** An error that a Reason Code of the Server stands for. */
export function refusal(
  code: ClientErrorCode,
  what: string,
  reasonCode: number,
  { reasonString, serverReference }: Pick<Properties, 'reasonString' | 'serverReference'> = {},
): ClientError {
  const reason = reasonString ? `: ${reasonString}` : ''
  const retryable = !lasting.has(reasonCode)
  return new ClientError(code, `${what}: ${reasonCodeName(reasonCode)}${reason}`, {
    reasonCode,
    retryable,
    serverReference,
  })
}

/** A fault of the Server that the codec or the protocol machines have found. */
export function protocolFault(error: unknown): ClientError {
  if (error instanceof ClientError) return error
  const message = error instanceof Error ? error.message : String(error)
  const reasonCode = error instanceof MqttError ? error.reasonCode : ReasonCode.ImplementationSpecificError
  return new ClientError('ERR_PROTOCOL', message, { reasonCode, retryable: true, cause: error })
}

/** What a promise rejects with when the caller's signal fires. */
export function abortError(signal: AbortSignal): ClientError {
  return new ClientError('ERR_ABORTED', 'the call was aborted', { cause: signal.reason })
}

/** Calls back once when the signal fires. @returns a function that prevents it */
export function onAbort(signal: AbortSignal, callback: (error: ClientError) => void): () => void {
  let isListening = true
  const listener = (): void => {
    isListening = false
    callback(abortError(signal))
  }
  signal.addEventListener('abort', listener, { once: true })
  // One that has been called is gone, and to look for it takes a host longer the more others there are.
  return () => {
    if (isListening) signal.removeEventListener('abort', listener)
  }
}

/** What a call gets that does not wait for a connection. @param more follows the words for that */
export function offlineError(more = ''): ClientError {
  return new ClientError('ERR_OFFLINE', `there is no connection${more}`, { retryable: true })
}

/** What is left undone when the Client is closed. */
export function closedError(): ClientError {
  return new ClientError('ERR_CLOSED', 'the Client is closed')
}

/** What a call gets that cannot be as it is. */
export function argumentError(message: string, cause?: unknown): ClientError {
  return new ClientError('ERR_INVALID_ARGUMENT', message, { cause })
}

/** What a Server does not offer, said without asking it: it would end the connection. */
export function unsupported(what: string, reasonCode: number): ClientError {
  return new ClientError('ERR_NOT_SUPPORTED', `the Server does not take ${what}`, { reasonCode })
}
