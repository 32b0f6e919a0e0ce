import { type Auth, type Connect, PacketType, ReasonCode } from '@curlew/codec'
import type {
  AuthenticatingClient,
  AuthenticationExchange,
  AuthenticationMethod,
  AuthenticationStep,
} from '../../src/connection/authentication.ts'

/** Bytes that stand for text in both directions. */
const bytes = (text: string): Uint8Array => Buffer.from(text)

const steps: Record<string, () => AuthenticationStep | Promise<AuthenticationStep>> = {
  ask: () => ({ outcome: 'continue', data: bytes('question') }),
  'ask at length': () => ({ outcome: 'continue', data: bytes('?'.repeat(200)) }),
  'ask later': async () => ({ outcome: 'continue', data: bytes('question') }),
  yes: () => ({ outcome: 'success', data: bytes('welcome') }),
  'yes at length': () => ({ outcome: 'success', data: bytes('!'.repeat(200)) }),
  'yes later': async () => ({ outcome: 'success', data: bytes('welcome') }),
  'yes without data': () => ({ outcome: 'success' }),
  no: () => ({ outcome: 'failure', reasonCode: ReasonCode.NotAuthorized, message: 'no' }),
  'no later': async () => ({ outcome: 'failure', reasonCode: ReasonCode.NotAuthorized, message: 'no' }),
  'no, banned': () => ({ outcome: 'failure', reasonCode: ReasonCode.Banned, message: 'banned' }),
  'no, administrative': () => ({ outcome: 'failure', reasonCode: ReasonCode.AdministrativeAction, message: 'no' }),
  'no, successfully': () => ({ outcome: 'failure', reasonCode: ReasonCode.Success, message: 'no' }),
  throw: () => {
    throw new Error('the method threw')
  },
  reject: () => Promise.reject(new Error('the method rejected')),
}

/**
 * An Authentication Method that does what the Authentication Data of the Client say: one of {@link steps}, or `wait` for
 * {@link answer}.
 */
export class CuedMethod implements AuthenticationMethod {
  /** Who has begun an exchange, in order. */
  readonly begun: AuthenticatingClient[] = []
  readonly #waiting: ((step: AuthenticationStep) => void)[] = []

  begin(client: AuthenticatingClient): AuthenticationExchange {
    this.begun.push(client)
    return {
      step: data => {
        const cue = data === undefined ? 'ask' : Buffer.from(data).toString()
        if (cue === 'wait') return new Promise(resolve => this.#waiting.push(resolve))
        return steps[cue]!()
      },
    }
  }

  /** Answers the step that has waited longest. */
  answer(cue: string): void {
    this.#waiting.shift()!(steps[cue]!() as AuthenticationStep)
  }
}

/** Fields of a CONNECT that begins an exchange of the method `cued`. @param data none: `undefined` */
export function authenticating(data: string | undefined, fields: Partial<Connect> = {}): Partial<Connect> {
  const properties = { ...fields.properties, authenticationMethod: 'cued', authenticationData: data && bytes(data) }
  return { ...fields, properties } as Partial<Connect>
}

export function authPacket(reasonCode: ReasonCode, data?: string, authenticationMethod = 'cued'): Auth {
  const authenticationData = data === undefined ? undefined : bytes(data)
  return { type: PacketType.Auth, reasonCode, properties: { authenticationMethod, authenticationData } }
}

/** The next step of an exchange, from the Client. */
export const continueWith = (data: string): Auth => authPacket(ReasonCode.ContinueAuthentication, data)
/** The beginning of another exchange, from the Client. */
export const reAuthenticate = (data?: string): Auth => authPacket(ReasonCode.ReAuthenticate, data)
