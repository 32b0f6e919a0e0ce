import { ReasonCode } from './reason-code.ts'

/** CONNACK return codes of MQTT 3.1 and 3.1.1, table 3.1 of section 3.2.2.3 there. */
export const ConnackReturnCode = {
  Accepted: 0,
  UnacceptableProtocolVersion: 1,
  IdentifierRejected: 2,
  ServerUnavailable: 3,
  BadUserNameOrPassword: 4,
  NotAuthorized: 5,
} as const
export type ConnackReturnCode = (typeof ConnackReturnCode)[keyof typeof ConnackReturnCode]

/**
 * The return code that says to a 3.1.1 Client what a Reason Code says to a 5.0 Client, or `undefined`
 * when 3.1.1 has no such code and the Network Connection is to be closed without a CONNACK [MQTT3-3.2.2-6].
 */
export function connackReturnCodeOf(reasonCode: ReasonCode): ConnackReturnCode | undefined {
  switch (reasonCode) {
    case ReasonCode.Success:
      return ConnackReturnCode.Accepted
    case ReasonCode.UnsupportedProtocolVersion:
      return ConnackReturnCode.UnacceptableProtocolVersion
    case ReasonCode.ClientIdentifierNotValid:
      return ConnackReturnCode.IdentifierRejected
    case ReasonCode.BadUserNameOrPassword:
      return ConnackReturnCode.BadUserNameOrPassword
    case ReasonCode.NotAuthorized:
    case ReasonCode.Banned:
    case ReasonCode.BadAuthenticationMethod:
      return ConnackReturnCode.NotAuthorized
    case ReasonCode.ServerUnavailable:
    case ReasonCode.ServerBusy:
    case ReasonCode.QuotaExceeded:
    case ReasonCode.UseAnotherServer:
    case ReasonCode.ServerMoved:
    case ReasonCode.ConnectionRateExceeded:
      return ConnackReturnCode.ServerUnavailable
    default:
      return undefined
  }
}
