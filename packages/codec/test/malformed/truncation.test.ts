import {
  type decodePacket,
  encodePacket,
  MqttError,
  PacketDecoder,
  PacketType,
  type ProtocolVersion,
} from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { bodyStart, reframe } from '../frame.ts'
import { bytesOf, hexOf } from '../notation.ts'
import { vectors } from '../vectors.ts'
import { versionName } from '../version-name.ts'
import { errorOf } from './refusal.ts'

/**
 * Each vector that is short enough to be cut at every byte; without the CONNECT of MQTT 3.1, which alone may lack what its
 * flags announce and has a test of its own.
 */
const packets = vectors.flatMap(({ name, versions, bytes: notation, packet }) =>
  versions
    .filter(version => !(packet.type === PacketType.Connect && version === 3))
    .map(version => ({ title: `${name}, ${versionName(version)}`, version, bytes: bytesOf(notation) }))
    .filter(({ bytes }) => bytes.length < 1024),
)

/**
 * What became of a packet whose body was changed. A packet that is taken must say nothing that is not in its body: written
 * again, its body is the changed one or the beginning of it, because only what says nothing may be left out at the end.
 */
function outcomeOf(firstByte: number, body: Uint8Array, version: ProtocolVersion): string {
  const result = errorOf(reframe(firstByte, body), { receiver: 'any', version })
  if (result instanceof MqttError) return 'refused'
  if (result instanceof Error) return `threw ${result}`
  const again = encodePacket(result as ReturnType<typeof decodePacket>, version)
  const isSame = again[0] === firstByte && hexOf(body).startsWith(hexOf(again.subarray(bodyStart(again))))
  return isSame ? 'taken for what it is' : `taken for ${hexOf(again)}`
}

const acceptable = /^(refused|taken for what it is)$/

describe.each(packets)('$title', ({ version, bytes }) => {
  const body = bytes.subarray(bodyStart(bytes))
  const firstByte = bytes[0]!

  test('wants more as long as a byte is missing', () => {
    const early = Array.from(bytes.keys(), length => {
      const decoder = new PacketDecoder({ receiver: 'any', version })
      decoder.push(bytes.subarray(0, length))
      return decoder.next()
    })

    expect(early.filter(each => each !== undefined)).toEqual([])
  })

  test('is refused or less when its body ends at any byte', () => {
    const outcomes = Array.from(body.keys(), length => outcomeOf(firstByte, body.subarray(0, length), version))

    expect(outcomes.filter(outcome => !acceptable.test(outcome))).toEqual([])
  })

  test('is refused or more when its body has any byte too many', () => {
    const outcomes = Array.from({ length: 256 }, (_, byte) =>
      outcomeOf(firstByte, Uint8Array.of(...body, byte), version),
    )

    expect(outcomes.filter(outcome => !acceptable.test(outcome))).toEqual([])
  })

  test('is refused as a whole when any byte follows it', () => {
    const errors = Array.from({ length: 256 }, (_, byte) =>
      errorOf(Uint8Array.of(...bytes, byte), { receiver: 'any', version }),
    )

    expect(errors.filter(error => !(error instanceof MqttError))).toEqual([])
  })
})
