import { ClientError } from '@curlew/client'
import { reasonCodeName } from '@curlew/codec'

/**
 * An error that a Reason Code of the Server stands for.
 *
 * @example
 * client.on('error', error => {
 *   if (error instanceof ErrorWithReasonCode && error.code === 0x87) console.log('not authorized')
 * })
 */
export class ErrorWithReasonCode extends Error {
  readonly code: number

  constructor(message: string, code: number) {
    super(message)
    this.code = code
  }
}

/** CONNACK return codes of 3.1.1, by the Reason Code that says the same. */
const returnCodes = new Map([
  [0x84, [1, 'Unacceptable protocol version']],
  [0x85, [2, 'Identifier rejected']],
  [0x88, [3, 'Server unavailable']],
  [0x86, [4, 'Bad username or password']],
  [0x87, [5, 'Not authorized']],
] as const)

const socketErrors = new Set(['ECONNREFUSED', 'ECONNRESET', 'EADDRINUSE', 'ENOTFOUND', 'EPIPE'])

/** Whether MQTT.js tells a fault of a socket as `error`; of others it only closes. */
export function isToldError(cause: unknown): boolean {
  return socketErrors.has((cause as { code?: string } | undefined)?.code ?? '')
}

/** What MQTT.js says of a CONNECT that the Server has refused. */
export function refusedError({ reasonCode = 0x80 }: ClientError, protocolVersion: number): ErrorWithReasonCode {
  const known = protocolVersion < 5 ? returnCodes.get(reasonCode as never) : undefined
  const [code, text] = known ?? [reasonCode, reasonCodeName(reasonCode)]
  return new ErrorWithReasonCode(`Connection refused: ${text}`, code)
}

/** An error of our client in MQTT.js's words, where it has any. */
export function translatedError(error: unknown, what: 'Publish' | 'Subscribe'): Error {
  if (!(error instanceof ClientError)) return error as Error
  const { code, reasonCode } = error
  if (code === 'ERR_PUBLISH_REFUSED' || code === 'ERR_SUBSCRIBE_REFUSED') {
    return new ErrorWithReasonCode(`${what} error: ${reasonCodeName(reasonCode!)}`, reasonCode!)
  }
  if (code === 'ERR_CLOSED') return new Error('Connection closed')
  if (code === 'ERR_ABORTED') return new Error('Message removed')
  return error
}
