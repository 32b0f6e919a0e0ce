import {
  type Auth,
  type AuthProperties,
  isFailure,
  isReasonCodeOf,
  PacketType,
  ProtocolError,
  ReasonCode,
} from '@curlew/codec'
import type { Log } from '../runtime/log.ts'

/** What a Client that authenticates has said of itself. */
export interface AuthenticatingClient {
  readonly clientId: string
  readonly userName: string | undefined
  readonly remoteAddress: string
}

/**
 * An Authentication Method of MQTT 5.0 (section 4.12), such as SCRAM-SHA-256. The broker carries its data to and fro;
 * what they mean is the method's own affair.
 */
export interface AuthenticationMethod {
  /** Begins an exchange, at CONNECT or when a connected Client re-authenticates. */
  begin(client: AuthenticatingClient): AuthenticationExchange
}

/** One exchange with one Client. */
export interface AuthenticationExchange {
  /**
   * Takes the next Authentication Data of the Client.
   *
   * @param data a copy; `undefined` when the packet had none
   * @returns what follows; a method that throws or whose promise rejects has failed, which is logged
   */
  step(data: Uint8Array | undefined): AuthenticationStep | Promise<AuthenticationStep>
}

export type AuthenticationStep =
  | { readonly outcome: 'continue'; readonly data: Uint8Array }
  | { readonly outcome: 'success'; readonly data?: Uint8Array | undefined }
  | { readonly outcome: 'failure'; readonly reasonCode: ReasonCode; readonly message: string }

/** Whom an exchange reports to: the connection. Called only while the exchange is the connection's own. */
export interface AuthenticationOwner {
  sendAuth(packet: Auth): void
  authenticationFailed(reasonCode: ReasonCode, message: string): void
  /** Something was thrown while a late answer was handled. */
  fail(error: unknown): void
}

/**
 * The Server's side of authentication on one connection: at CONNECT, and again whenever the connected Client wants it.
 * Each AUTH goes to the method, one at a time, and what the method says goes back.
 *
 *     idle ── CONNECT or AUTH 0x19 ─▶ stepping ── continue: AUTH 0x18 ─▶ client-turn ── AUTH 0x18 ─▶ stepping
 *                                        ├─ success: CONNACK or AUTH 0x00 ─▶ idle
 *                                        └─ failure ─▶ over
 */
export class Authentication {
  readonly method: string
  readonly #beginExchange: () => AuthenticationExchange
  readonly #owner: AuthenticationOwner
  readonly #log: Log
  #exchange: AuthenticationExchange | undefined
  #state: 'idle' | 'stepping' | 'client-turn' | 'over' = 'idle'
  /** Called when the exchange that CONNECT began succeeds. */
  onFirstSuccess: ((properties: AuthProperties) => void) | undefined = undefined

  /** @param beginExchange called for the CONNECT and for each re-authentication */
  constructor(method: string, beginExchange: () => AuthenticationExchange, owner: AuthenticationOwner, log: Log) {
    this.method = method
    this.#beginExchange = beginExchange
    this.#owner = owner
    this.#log = log
  }

  /** @param data of the CONNECT or AUTH that begins the exchange */
  begin(data: Uint8Array | undefined): void {
    this.#exchange = undefined
    this.#step(data)
  }

  /** An AUTH has come. @throws {ProtocolError} when it is not the Client's turn, or the method has changed */
  receive({ reasonCode, properties }: Auth): void {
    if (properties.authenticationMethod !== this.method) {
      throw new ProtocolError('AUTH has another Authentication Method than CONNECT', '[MQTT-4.12.0-5]') // [MQTT-4.12.1-1]
    }
    const data = properties.authenticationData
    if (reasonCode === ReasonCode.ReAuthenticate && this.#state === 'idle') return this.begin(data)
    if (reasonCode === ReasonCode.ContinueAuthentication && this.#state === 'client-turn') return this.#step(data)
    throw new ProtocolError('AUTH out of turn', '[MQTT-4.12.0-3]')
  }

  /** The connection is over: whatever the method still says is ignored. */
  stop(): void {
    this.#state = 'over'
  }

  #step(data: Uint8Array | undefined): void {
    this.#state = 'stepping'
    const step = this.#ask(data)
    if (!(step instanceof Promise)) return this.#take(step)
    step
      .then(
        result => this.#take(result),
        error => this.#take(this.#breakDown(error)),
      )
      .catch(error => this.#owner.fail(error))
  }

  /** The method is the application's: what it throws says nothing about this connection. */
  #ask(data: Uint8Array | undefined): AuthenticationStep | Promise<AuthenticationStep> {
    try {
      this.#exchange ??= this.#beginExchange()
      return this.#exchange.step(data)
    } catch (error) {
      return this.#breakDown(error)
    }
  }

  #breakDown(error: unknown): AuthenticationStep {
    this.#log.error('an authentication method broke down', { method: this.method, error })
    return brokenDown
  }

  #take(step: AuthenticationStep): void {
    if (this.#state === 'over') return
    if (step.outcome === 'failure') {
      this.#state = 'over'
      return this.#owner.authenticationFailed(this.#refusalCode(step.reasonCode), step.message)
    }
    const properties = { authenticationMethod: this.method, authenticationData: step.data } // [MQTT-4.12.0-5]
    if (step.outcome === 'continue') {
      this.#state = 'client-turn'
      this.#sendAuth(ReasonCode.ContinueAuthentication, properties) // [MQTT-4.12.0-2]
      return
    }
    this.#state = 'idle'
    this.#exchange = undefined
    const { onFirstSuccess } = this
    this.onFirstSuccess = undefined
    if (onFirstSuccess === undefined) this.#sendAuth(ReasonCode.Success, properties)
    else onFirstSuccess(properties)
  }

  /** What the method says goes out with CONNACK or DISCONNECT, if that packet may have it. */
  #refusalCode(reasonCode: ReasonCode): ReasonCode {
    const type = this.onFirstSuccess === undefined ? PacketType.Disconnect : PacketType.Connack
    if (isFailure(reasonCode) && isReasonCodeOf(type, reasonCode)) return reasonCode
    return ReasonCode.NotAuthorized // [MQTT-3.14.2-1], [MQTT-3.2.2-8]
  }

  #sendAuth(reasonCode: ReasonCode, properties: AuthProperties): void {
    this.#owner.sendAuth({ type: PacketType.Auth, reasonCode, properties })
  }
}

/** What a method that throws or rejects comes to: whether the Client is right is not known, so it is not let in. */
const brokenDown: AuthenticationStep = {
  outcome: 'failure',
  reasonCode: ReasonCode.ServerUnavailable,
  message: 'the authentication method broke down',
}
