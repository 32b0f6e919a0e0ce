import {
  decodePacket,
  encodePacket,
  InvalidPacketError,
  MqttError,
  type Packet,
  PacketDecoder,
  type PacketDecoderOptions,
  ReusingDecoder,
} from '@curlew/codec'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import * as arbitrary from './arbitraries.ts'
import { corrupted } from './corruption.ts'
import { decodeSplit, eachOfSplit, everyByte } from './feed.ts'
import { toPlain } from './plain.ts'
import { versionName } from './version-name.ts'

const plainText = (packets: readonly Packet[]): string => JSON.stringify(packets.map(toPlain))

/** The same of packets that are gone when the next one comes. */
function plainTextReused(bytes: Uint8Array, ends: readonly number[], options: PacketDecoderOptions): string {
  const seen: unknown[] = []
  eachOfSplit(bytes, ends, new ReusingDecoder(options), packet => seen.push(toPlain(packet)))
  return JSON.stringify(seen)
}

/** Where a stream of 0 to 65 535 parts is cut, as shares of its length. */
const cuts = fc.array(fc.nat({ max: 65_535 }), { maxLength: 10 })
const endsOf = (shares: readonly number[], length: number): number[] =>
  shares.map(share => Math.floor((share * length) / 65_536)).sort((a, b) => a - b)

describe.each([3, 4, 5] as const)('version %s', version => {
  const options = { receiver: 'any', version, allowsControlCharacters: true } as const
  const packet = arbitrary.packet(version)

  test(`each packet that is written is read back, ${versionName(version)}`, () => {
    fc.assert(
      fc.property(
        packet,
        each => plainText([decodePacket(encodePacket(each, version), options)]) === plainText([each]),
      ),
      { numRuns: 2000 },
    )
  })

  test(`each packet comes out the same at every split, ${versionName(version)}`, () => {
    const holds = fc.property(packet, each => {
      const bytes = encodePacket(each, version)
      const whole = plainText([each])
      return everyByte(bytes).every(end => plainText(decodeSplit(bytes, [end], options)) === whole)
    })

    fc.assert(holds, { numRuns: 150 })
  })

  test(`a stream of packets comes out the same however it is cut, ${versionName(version)}`, () => {
    const holds = fc.property(fc.array(packet, { maxLength: 8 }), cuts, (packets, shares) => {
      const bytes = Buffer.concat(packets.map(each => encodePacket(each, version)))
      const ends = endsOf(shares, bytes.length)
      const isSame = plainText(decodeSplit(bytes, ends, options)) === plainText(packets)
      return isSame && plainTextReused(bytes, ends, options) === plainText(packets)
    })

    fc.assert(holds, { numRuns: 500 })
  })

  test(`a packet with some of its bytes changed is refused or is a packet that can be written, ${versionName(version)}`, () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 })
    const holds = fc.property(packet, changes, (each, places) => {
      const bytes = Uint8Array.from(encodePacket(each, version))
      for (const [place, byte] of places) bytes[place % bytes.length] = byte
      const read = packetOrError(() => decodePacket(bytes, options))
      if (read instanceof MqttError) return true
      return plainText([decodePacket(encodePacket(read, version), options)]) === plainText([read])
    })

    fc.assert(holds, { numRuns: 2000 })
  })

  test(`a packet with a field changed is not written or can be read, ${versionName(version)}`, () => {
    const holds = fc.property(packet, fc.nat(), fc.nat(), (each, place, value) => {
      const written = packetOrError(() => encodePacket(corrupted(each, place, value), version))
      if (written instanceof InvalidPacketError) return true
      return !(packetOrError(() => decodePacket(written as Uint8Array, options)) instanceof Error)
    })

    fc.assert(holds, { numRuns: 3000 })
  })
})

test('arbitrary bytes are refused, or packets, or want more, and nothing else', () => {
  const receivers = fc.constantFrom('server', 'client', 'any')
  const versions = fc.constantFrom(undefined, 3, 4, 5)
  const holds = fc.property(receivers, versions, fc.uint8Array({ maxLength: 100 }), (receiver, version, bytes) => {
    const decoder = new PacketDecoder({ receiver, ...(version === undefined ? {} : { version }) })
    decoder.push(bytes)
    const results = Array.from(bytes, () => packetOrError(() => decoder.next()))
    return results.every(result => !(result instanceof Error) || result instanceof MqttError)
  })

  fc.assert(holds, { numRuns: 5000 })
})

/** @returns what `work` returns or the `MqttError` it throws; any other error is thrown on */
function packetOrError<T>(work: () => T): T | MqttError {
  try {
    return work()
  } catch (error) {
    if (error instanceof MqttError) return error
    throw error
  }
}
