import { ClientError } from './error.ts'

/**
 * An Authentication Method of MQTT 5.0 (section 4.12), such as SCRAM-SHA-256. The Client carries its data to and fro; what they
 * mean is the method's own affair.
 */
export interface AuthenticationMethod {
  /** As the Server knows it: the Authentication Method of CONNECT. */
  readonly name: string
  /** Begins an exchange: for each connection, and for each `reauthenticate()`. */
  begin(): AuthenticationExchange
}

/** One exchange with the Server. What it throws or rejects with ends the attempt with `ERR_AUTHENTICATION`. */
export interface AuthenticationExchange {
  /**
   * @param data what the Server sent; `undefined` at the first call, whose answer goes out in CONNECT
   * @returns what to send, `undefined` for no data
   */
  step(data: Uint8Array | undefined): Uint8Array | undefined | Promise<Uint8Array | undefined>
  /** Takes what the Server sent with its consent, for methods in which the Server proves itself as well. */
  finish?(data: Uint8Array | undefined): void | Promise<void>
}

/** The first step of an exchange. @throws {ClientError} `ERR_AUTHENTICATION` when the method fails */
export async function beginExchange(
  method: AuthenticationMethod,
): Promise<{ readonly exchange: AuthenticationExchange; readonly data: Uint8Array | undefined }> {
  try {
    const exchange = method.begin()
    return { exchange, data: await exchange.step(undefined) }
  } catch (cause) {
    throw methodFault(cause)
  }
}

/** What a method has thrown. */
export function methodFault(cause: unknown): ClientError {
  return new ClientError('ERR_AUTHENTICATION', 'the authentication method failed', { cause })
}
