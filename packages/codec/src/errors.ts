import { ReasonCode } from './reason-code.ts'

/** A normative statement as the code cites it: `[MQTT-3.3.1-4]` of 5.0 or `[MQTT3-2.2.2-2]` of 3.1.1. */
export type Statement = `[MQTT${'' | '3'}-${string}]`

/**
 * The base of every error this workspace throws on purpose. `code` is stable across releases and is
 * what programs test; `reasonCode` is what goes on the wire; `message` is for people; `statement` is
 * the rule that was broken, where one sentence of the specification names it. Rules that both versions
 * have go by their number in 5.0, whatever the connection speaks.
 */
export abstract class MqttError extends Error {
  abstract readonly code: `ERR_MQTT_${string}`
  abstract readonly reasonCode: ReasonCode
  readonly statement: Statement | undefined
  #isSilent = false

  constructor(message: string, statement?: Statement, options?: ErrorOptions) {
    super(statement === undefined ? message : `${message} ${statement}`, options)
    this.statement = statement
  }

  /** Whether the peer is not told of it: the Network Connection is closed without a CONNACK or DISCONNECT (ADR 0013). */
  get isSilent(): boolean {
    return this.#isSilent
  }

  /** Makes it an error that the peer is not told of. @returns the error, to be thrown */
  silenced(): this {
    this.#isSilent = true
    return this
  }

  override get name(): string {
    return this.constructor.name
  }
}

/**
 * The bytes cannot be a packet. Ends the Network Connection [MQTT-4.13.1-1].
 * Its Reason Code is 0x81 unless the specification has a more specific one.
 */
export class MalformedPacketError extends MqttError {
  readonly code: 'ERR_MQTT_MALFORMED_PACKET' = 'ERR_MQTT_MALFORMED_PACKET'
  readonly reasonCode: ReasonCode

  constructor(message: string, statement?: Statement, options?: ErrorOptions & { readonly reasonCode?: ReasonCode }) {
    super(message, statement, options)
    this.reasonCode = options?.reasonCode ?? ReasonCode.MalformedPacket
  }
}

/**
 * The packet is well formed but not allowed here. Ends the Network Connection [MQTT-4.13.1-1].
 * Its Reason Code is 0x82 unless the specification has a more specific one.
 */
export class ProtocolError extends MqttError {
  readonly code: 'ERR_MQTT_PROTOCOL_ERROR' = 'ERR_MQTT_PROTOCOL_ERROR'
  readonly reasonCode: ReasonCode

  constructor(message: string, statement?: Statement, reasonCode: ReasonCode = ReasonCode.ProtocolError) {
    super(message, statement)
    this.reasonCode = reasonCode
  }
}

/** The packet is larger than the receiver announced or allows. Thrown before its body is read. */
export class PacketTooLargeError extends MqttError {
  readonly code: 'ERR_MQTT_PACKET_TOO_LARGE' = 'ERR_MQTT_PACKET_TOO_LARGE'
  readonly reasonCode: ReasonCode = ReasonCode.PacketTooLarge
}

/** CONNECT names a protocol or a version other than MQTT 3.1, 3.1.1 or 5.0. */
export class UnsupportedProtocolVersionError extends MqttError {
  readonly code: 'ERR_MQTT_UNSUPPORTED_PROTOCOL_VERSION' = 'ERR_MQTT_UNSUPPORTED_PROTOCOL_VERSION'
  readonly reasonCode: ReasonCode = ReasonCode.UnsupportedProtocolVersion
}

/** A value handed to the encoder cannot be written as the specification demands. The message names the field. */
export class InvalidPacketError extends MqttError {
  readonly code: 'ERR_MQTT_INVALID_PACKET' = 'ERR_MQTT_INVALID_PACKET'
  readonly reasonCode: ReasonCode = ReasonCode.ImplementationSpecificError
}
