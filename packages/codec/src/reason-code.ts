import { PacketType } from './packet-type.ts'

/** Reason Codes of MQTT 5.0, section 2.4. Below 0x80 is success, 0x80 and above is failure. */
export const ReasonCode = {
  /** Also *Normal disconnection* in DISCONNECT and *Granted QoS 0* in SUBACK. */
  Success: 0x00,
  GrantedQoS1: 0x01,
  GrantedQoS2: 0x02,
  DisconnectWithWillMessage: 0x04,
  NoMatchingSubscribers: 0x10,
  NoSubscriptionExisted: 0x11,
  ContinueAuthentication: 0x18,
  ReAuthenticate: 0x19,
  UnspecifiedError: 0x80,
  MalformedPacket: 0x81,
  ProtocolError: 0x82,
  ImplementationSpecificError: 0x83,
  UnsupportedProtocolVersion: 0x84,
  ClientIdentifierNotValid: 0x85,
  BadUserNameOrPassword: 0x86,
  NotAuthorized: 0x87,
  ServerUnavailable: 0x88,
  ServerBusy: 0x89,
  Banned: 0x8a,
  ServerShuttingDown: 0x8b,
  BadAuthenticationMethod: 0x8c,
  KeepAliveTimeout: 0x8d,
  SessionTakenOver: 0x8e,
  TopicFilterInvalid: 0x8f,
  TopicNameInvalid: 0x90,
  PacketIdentifierInUse: 0x91,
  PacketIdentifierNotFound: 0x92,
  ReceiveMaximumExceeded: 0x93,
  TopicAliasInvalid: 0x94,
  PacketTooLarge: 0x95,
  MessageRateTooHigh: 0x96,
  QuotaExceeded: 0x97,
  AdministrativeAction: 0x98,
  PayloadFormatInvalid: 0x99,
  RetainNotSupported: 0x9a,
  QoSNotSupported: 0x9b,
  UseAnotherServer: 0x9c,
  ServerMoved: 0x9d,
  SharedSubscriptionsNotSupported: 0x9e,
  ConnectionRateExceeded: 0x9f,
  MaximumConnectTime: 0xa0,
  SubscriptionIdentifiersNotSupported: 0xa1,
  WildcardSubscriptionsNotSupported: 0xa2,
} as const
export type ReasonCode = (typeof ReasonCode)[keyof typeof ReasonCode]

/** The codes each packet may carry: table 2-6 of section 2.4 and the tables of section 3. */
const publishAck = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]
const allowed = new Map<number, ReadonlySet<number>>([
  [
    PacketType.Connack,
    new Set([
      0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b,
      0x9c, 0x9d, 0x9f,
    ]),
  ],
  [PacketType.Puback, new Set(publishAck)],
  [PacketType.Pubrec, new Set(publishAck)],
  [PacketType.Pubrel, new Set([0x00, 0x92])],
  [PacketType.Pubcomp, new Set([0x00, 0x92])],
  [PacketType.Suback, new Set([0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2])],
  [PacketType.Unsuback, new Set([0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91])],
  [
    PacketType.Disconnect,
    new Set([
      0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97,
      0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
    ]),
  ],
  [PacketType.Auth, new Set([0x00, 0x18, 0x19])],
])

const names = new Map<number, string>(
  Object.entries(ReasonCode).map(([name, code]) => [code, name.match(/QoS|[A-Z][a-z]+|\d/g)!.join(' ')]),
)

/** Whether a code says that the operation failed. Return codes of 3.1.1 are not Reason Codes. */
export function isFailure(code: number): boolean {
  return code >= 0x80
}

/** Whether MQTT 5.0 lists `code` for packets of this type. */
export function isReasonCodeOf(type: PacketType, code: number): code is ReasonCode {
  return allowed.get(type)?.has(code) ?? false
}

/** @returns words for people, such as `Packet Too Large`, or the number where the code is unknown */
export function reasonCodeName(code: number): string {
  return names.get(code) ?? `0x${code.toString(16).padStart(2, '0')}`
}
