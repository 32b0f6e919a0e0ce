import { decodePacket, MqttError, type PacketDecoderOptions, type ProtocolVersion, type Statement } from '@curlew/codec'
import { expect, test } from 'vitest'
import { bytesOf } from '../notation.ts'
import { versionName } from '../version-name.ts'

/** What goes wrong, seen from one statement of a specification. */
export type Refusal = readonly [
  /** Of 5.0 or of 3.1.1; `undefined` where the rule is not one of the numbered ones. */
  statement: Statement | undefined,
  name: string,
  receiver: PacketDecoderOptions['receiver'],
  /** Of the connection; a Server that waits for CONNECT knows none. */
  version: ProtocolVersion | undefined,
  bytes: string,
  code: MqttError['code'],
  reasonCode: number,
  /** What the error cites: the number in 5.0, where 5.0 has the rule. */
  cited: Statement | undefined,
]

/** The bytes can not be parsed. */
export const malformed = ['ERR_MQTT_MALFORMED_PACKET', 0x81] as const

/** The bytes can be parsed and say what is not allowed. */
export const protocolError = ['ERR_MQTT_PROTOCOL_ERROR', 0x82] as const

export const unsupportedVersion = ['ERR_MQTT_UNSUPPORTED_PROTOCOL_VERSION', 0x84] as const

/** A test for each row: the decoder refuses the packet, with this class of error, Reason Code and statement. */
export function testRefusals(rows: readonly Refusal[]): void {
  for (const [statement, name, receiver, version, bytes, code, reasonCode, cited] of rows) {
    const rule = statement === undefined ? '' : `${statement} `
    const connection = version === undefined ? 'on a new connection' : versionName(version)

    test(`${rule}${name} is refused, ${connection}`, () => {
      const error = errorOf(bytesOf(bytes), { receiver, ...(version === undefined ? {} : { version }) })

      expect(error).toBeInstanceOf(MqttError)
      expect(error).toMatchObject({ code, reasonCode, statement: cited })
    })
  }
}

/** @returns what decoding throws; the packet when it throws nothing */
export function errorOf(bytes: Uint8Array, options: PacketDecoderOptions): unknown {
  try {
    return decodePacket(bytes, options)
  } catch (error) {
    return error
  }
}
