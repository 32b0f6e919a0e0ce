import { ClientError } from '@curlew/client'
import { ReasonCode } from '@curlew/codec'
import { CommandError } from '../command-error.ts'
import type { ClientFlags } from './client-flags.ts'
import type { ServerAddress } from './server-address.ts'
import { type Explanation, unreachable } from './unreachable.ts'

/** Exit codes of Mosquitto's tools, beside the codes with which a Server refuses: errors of libmosquitto. */
export const ToolExitCode = {
  Failed: 1,
  Protocol: 2,
  ConnectionLost: 7,
  KeepAlive: 19,
  TimedOut: 27,
} as const

/** CONNACK codes of 3.1.1 for the Reason Codes that the client library makes of them. */
const returnCodes: ReadonlyMap<number, number> = new Map([
  [ReasonCode.UnsupportedProtocolVersion, 1],
  [ReasonCode.ClientIdentifierNotValid, 2],
  [ReasonCode.ServerUnavailable, 3],
  [ReasonCode.BadUserNameOrPassword, 4],
  [ReasonCode.NotAuthorized, 5],
])

/** What a SUBACK of 3.1.1 has for a Subscription that is refused. */
const SUBACK_FAILURE = 128

/**
 * An error of the client library for people: what happened, why, and what to type next. Its exit code is the one that Mosquitto's
 * tools have for it.
 *
 * @param wasConnected whether the Server had accepted before
 */
export function connectionFault(
  error: unknown,
  flags: ClientFlags,
  address: ServerAddress,
  wasConnected: boolean,
): unknown {
  if (!(error instanceof ClientError)) return error
  const { message, tries } = explain(error, flags, address, wasConnected)
  return new CommandError(exitCode(error, flags, wasConnected), message, tries, { cause: error })
}

function exitCode({ code, reasonCode }: ClientError, flags: ClientFlags, wasConnected: boolean): number {
  const isOld = flags.property === undefined && (flags.protocolVersion ?? 5) < 5
  switch (code) {
    case 'ERR_REFUSED':
      return (isOld ? returnCodes.get(reasonCode ?? 0) : undefined) ?? reasonCode ?? ToolExitCode.Failed
    case 'ERR_TRANSPORT':
      return wasConnected ? ToolExitCode.ConnectionLost : ToolExitCode.Failed
    case 'ERR_KEEP_ALIVE':
      return ToolExitCode.KeepAlive
    case 'ERR_PROTOCOL':
      return ToolExitCode.Protocol
    case 'ERR_TIMEOUT':
      return ToolExitCode.TimedOut
    case 'ERR_SUBSCRIBE_REFUSED':
      return isOld ? SUBACK_FAILURE : (reasonCode ?? SUBACK_FAILURE)
    default:
      return reasonCode ?? ToolExitCode.Failed
  }
}

function explain(error: ClientError, flags: ClientFlags, address: ServerAddress, wasConnected: boolean): Explanation {
  const { name } = address
  switch (error.code) {
    case 'ERR_REFUSED':
      return { message: `${name} refused the connection${reasonOf(error)}`, tries: refusalTries(error, flags, address) }
    case 'ERR_TRANSPORT':
      if (wasConnected) return { message: `the connection to ${name} was lost${causeOf(error)}`, tries: [] }
      return unreachable(error, flags, address)
    case 'ERR_CONNECT_TIMEOUT':
      return { message: `${name} did not answer: ${error.message}`, tries: ['another -h or -p'] }
    case 'ERR_DISCONNECTED':
      return { message: `${name} ended the connection${reasonOf(error)}`, tries: [] }
    case 'ERR_PUBLISH_REFUSED':
      return { message: `${name} refused the message${reasonOf(error)}`, tries: refusalTries(error, flags, address) }
    case 'ERR_SUBSCRIBE_REFUSED':
      return { message: `${name}: ${error.message}`, tries: refusalTries(error, flags, address) }
    case 'ERR_NOT_SUPPORTED':
      return { message: `${name} cannot do this: ${error.message}`, tries: supportTries(error) }
    case 'ERR_PROTOCOL':
      if (wasConnected) return { message: `${name} broke the rules of MQTT: ${error.message}`, tries: [] }
      return {
        message: `${name} does not answer as an MQTT server does: ${error.message}`,
        tries: ['another -p', ...(address.isWebSocket ? [] : [`--ws, if ${name} is for WebSocket`])],
      }
    default:
      return { message: `${name}: ${error.message}${causeOf(error)}`, tries: [] }
  }
}

/** What the client library says behind the first colon: the name of the Reason Code, and what the Server added to it. */
function reasonOf({ message }: ClientError): string {
  const colon = message.indexOf(':')
  return colon === -1 ? '' : message.slice(colon)
}

function causeOf({ cause }: ClientError): string {
  return cause instanceof Error && cause.message !== '' ? `: ${cause.message}` : ''
}

function refusalTries(
  { reasonCode, serverReference }: ClientError,
  flags: ClientFlags,
  address: ServerAddress,
): string[] {
  switch (reasonCode) {
    case ReasonCode.BadUserNameOrPassword:
    case ReasonCode.NotAuthorized:
      return address.userName === undefined
        ? ['a user name and a password: -u <name> -P <password>']
        : [`the rights and the password of ${address.userName}, which the broker keeps`]
    case ReasonCode.UnsupportedProtocolVersion:
      return [flags.protocolVersion === 5 || flags.property ? '-V 311' : '-V 5']
    case ReasonCode.ClientIdentifierNotValid:
      return ['another Client Identifier: -i <id>']
    case ReasonCode.UseAnotherServer:
    case ReasonCode.ServerMoved:
      return serverReference === undefined ? [] : [`-h ${serverReference}`]
    default:
      return []
  }
}

function supportTries({ reasonCode }: ClientError): string[] {
  if (reasonCode === ReasonCode.QoSNotSupported) return ['-q 0']
  return reasonCode === ReasonCode.RetainNotSupported ? ['without -r'] : []
}
