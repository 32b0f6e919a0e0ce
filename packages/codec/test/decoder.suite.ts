import {
  type Connect,
  type DecodedPublish,
  type Packet,
  PacketDecoder,
  type PacketDecoderOptions,
  PacketType,
  type Puback,
  ReusingDecoder,
} from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { decodeSplit, everyByte } from './feed.ts'
import { bytesOf, hexOf } from './notation.ts'
import { toPlain } from './plain.ts'

const connect = "10 0e 0004 'MQTT' 05 02 0000 00 0001 'c'"
const publish = "30 0b 0003 'a/b' 00 'hello'"
const server: PacketDecoderOptions = { receiver: 'server' }
const connected: PacketDecoderOptions = { receiver: 'server', version: 5 }

/** A few packets in one stream: small enough to be cut in all ways. */
const streams: [name: string, options: PacketDecoderOptions, bytes: string][] = [
  ['a short session', server, `${connect} c000 ${publish} 40 02 0001 e0 01 04`],
  ['Remaining Lengths of two bytes', { receiver: 'any', version: 4 }, "30 8201 0002 'ab' 7a*126 c08000 d000"],
  ['empty packets', { receiver: 'any', version: 4 }, 'c000 c000 d000 e000'],
]

/** How a stream comes must make no difference to what comes out. */
function splitTests(): void {
  for (const [name, options, notation] of streams) {
    const bytes = bytesOf(notation)
    const whole = decodeSplit(bytes, [], options).map(toPlain)

    test(`${name} cut in two anywhere gives the same packets`, () => {
      const results = everyByte(bytes).map(end => decodeSplit(bytes, [end], options).map(toPlain))

      expect(results.filter(packets => JSON.stringify(packets) !== JSON.stringify(whole))).toEqual([])
    })

    test(`${name} cut in three anywhere gives the same packets`, () => {
      const ends = everyByte(bytes).flatMap(first => everyByte(bytes).map(second => [first, Math.max(first, second)]))
      const results = ends.map(each => decodeSplit(bytes, each, options).map(toPlain))

      expect(results.filter(packets => JSON.stringify(packets) !== JSON.stringify(whole))).toEqual([])
    })

    test(`${name} byte by byte gives the same packets`, () => {
      expect(decodeSplit(bytes, everyByte(bytes), options).map(toPlain)).toEqual(whole)
    })
  }

  test('empty chunks change nothing', () => {
    const bytes = bytesOf(`${connect} ${publish}`)
    const ends = everyByte(bytes).flatMap(end => [end, end, end])

    expect(decodeSplit(bytes, [0, 0, ...ends], server)).toHaveLength(2)
  })

  test('a thousand packets come out of one chunk', () => {
    const chunk = bytesOf(`${connect} ${`${publish} `.repeat(1000)}`)

    expect(decodeSplit(chunk, [], server)).toHaveLength(1001)
  })
}

/** What a packet shares with the chunk it came in. */
function viewTests(): void {
  const view = (packet: Packet | undefined): Uint8Array => (packet as DecodedPublish).payload

  test('the payload of a packet that lies whole in a chunk is a view of the chunk', () => {
    const chunk = bytesOf(publish)
    const decoder = new PacketDecoder(connected)
    decoder.push(chunk)

    const payload = view(decoder.next())
    chunk.set(bytesOf("'HELLO'"), 8)

    expect(payload.buffer).toBe(chunk.buffer)
    expect(hexOf(payload)).toBe(hexOf(bytesOf("'HELLO'")))
  })

  test('so is one that lies in the middle of a larger buffer', () => {
    const buffer = bytesOf(`ff*100 ${publish} ff*100`)
    const decoder = new PacketDecoder(connected)
    decoder.push(buffer.subarray(100, 113))

    const payload = view(decoder.next())

    expect([payload.byteOffset, payload.length]).toEqual([108, 5])
  })

  test.each([true, false])(
    'a Password and binary properties are copies that keep nothing else alive; of a Buffer: %s',
    isBuffer => {
      const bytes = bytesOf("10 1c 0004 'MQTT' 05 42 0000 0a 15 0001 'm' 16 0003 010203 0000 0003 040506")
      const chunk = isBuffer ? Buffer.from(bytes) : bytes
      const decoder = new PacketDecoder(server)
      decoder.push(chunk)

      const packet = decoder.next() as Connect
      chunk.fill(0xff)

      const { password, properties } = packet
      expect([password, properties.authenticationData].map(copy => hexOf(copy!))).toEqual(['040506', '010203'])
      expect([password?.buffer.byteLength, properties.authenticationData?.buffer.byteLength]).toEqual([3, 3])
    },
  )

  test('the payload of a packet that came in pieces does not depend on the chunks', () => {
    const chunks = [bytesOf("30 0b 0003 'a/b' 00 'he'"), bytesOf("'llo'")]
    const decoder = new PacketDecoder(connected)
    decoder.push(chunks[0]!)
    const early = decoder.next()
    chunks[0]!.fill(0)
    decoder.push(chunks[1]!)

    const payload = view(decoder.next())
    chunks[1]!.fill(0)

    expect(early).toBeUndefined()
    expect(hexOf(payload)).toBe(hexOf(bytesOf("'hello'")))
  })

  test('each packet that came in pieces has bytes of its own', () => {
    const bytes = bytesOf(`${publish} 30 0b 0003 'a/b' 00 'world'`)

    const packets = decodeSplit(bytes, everyByte(bytes), connected)

    expect(packets.map(packet => hexOf(view(packet)))).toEqual([hexOf(bytesOf("'hello'")), hexOf(bytesOf("'world'"))])
  })
}

function reuseTests(): void {
  test('only those packets are used again that come most often, and only by a decoder that is made for it', () => {
    const stream = bytesOf(`${publish} 40 02 0001 c000 ${publish} 50 03 0002 10 c000`)

    const fresh = decodeSplit(stream, [], connected)
    const reused = decodeSplit(stream, [], connected, ReusingDecoder)

    expect(fresh[3]).not.toBe(fresh[0])
    expect(fresh[4]).not.toBe(fresh[1])
    expect(reused[3]).toBe(reused[0])
    expect(reused[4]).toBe(reused[1])
  })

  test('a packet that is used again says nothing of the one before', () => {
    const decoder = new ReusingDecoder(connected)
    decoder.push(bytesOf("3d 0f 0003 'a/b' 0007 02 01 01 'hello' 50 04 0002 80 00 30 04 0001 'c' 00 40 02 0001"))

    const seen = Array.from({ length: 4 }, () => toPlain(decoder.next()!))

    expect(seen[0]).toMatchObject({ topic: 'a/b', packetId: 7, dup: true, retain: true })
    expect(seen[1]).toMatchObject({ type: PacketType.Pubrec, packetId: 2, reasonCode: 0x80 })
    expect(seen[2]).toMatchObject({ topic: 'c', packetId: 0, qos: 0, dup: false, retain: false, properties: {} })
    expect(seen[3]).toMatchObject({ type: PacketType.Puback, packetId: 1, reasonCode: 0, properties: {} })
  })

  test('one that came in pieces is its own until the chunk has been taken', () => {
    const decoder = new ReusingDecoder(connected)
    decoder.push(bytesOf("30 0b 0003 'a/b' 00 'he'"))
    decoder.next()
    decoder.push(bytesOf(`'llo' ${publish}`))

    const gathered = decoder.next() as DecodedPublish
    const wasGathered = [gathered.isGathered, hexOf(gathered.payload)]
    const next = decoder.next() as DecodedPublish
    const isGathered = [next.isGathered, hexOf(next.payload)]
    decoder.next()

    expect([wasGathered, isGathered]).toEqual([true, false].map(each => [each, hexOf(bytesOf("'hello'"))]))
    expect(next.payload).toHaveLength(0)
  })

  test('what waits to be used again holds nothing of what it was used for', () => {
    const decoder = new ReusingDecoder(connected)
    decoder.push(bytesOf("30 0d 0003 'a/b' 07 26 0001 'k' 0001 'v' 40 0b 0001 00 07 26 0001 'k' 0001 'v'"))

    const packets = [decoder.next(), decoder.next()] as [DecodedPublish, Puback]
    const before = packets.map(({ properties }) => properties.userProperties?.length)
    decoder.next()

    expect(before).toEqual([1, 1])
    expect(packets.map(({ properties }) => properties)).toEqual([{}, {}])
    expect(packets[0].topic).toBe('')
  })
}

/** @returns what each call of `next()` came to, for chunk after chunk, once more behind the end of each */
function outcomes(decoder: PacketDecoder, chunks: readonly string[]): string[] {
  const outcome = (): string => {
    try {
      return decoder.next() === undefined ? 'more' : 'packet'
    } catch (error) {
      return (error as Error).name
    }
  }
  return chunks.flatMap(chunk => {
    decoder.push(bytesOf(chunk))
    return [outcome(), outcome()]
  })
}

function failureTests(): void {
  test('after an error all bytes are ignored', () => {
    const decoder = new PacketDecoder(connected)

    const seen = outcomes(decoder, [`c000 00 00 ${publish}`, publish, 'c000', '00'])

    expect(seen).toEqual(['packet', 'ProtocolError', 'more', 'more', 'more', 'more', 'more', 'more'])
  })

  test('a packet that begins with a byte that is never allowed is refused at that byte', () => {
    const decoders = ['00', '36', '80', 'f1'].map(byte => outcomes(new PacketDecoder(connected), [byte])[0])

    expect(decoders).toEqual(['ProtocolError', ...Array(3).fill('MalformedPacketError')])
  })

  test('[MQTT-3.1.0-1] anything but CONNECT at first is refused at its first byte', () => {
    const firstBytes = ['20', '30', '82', 'c0', 'e0', 'f0', '16', '47']

    const seen = firstBytes.map(byte => outcomes(new PacketDecoder(server), [byte])[0])

    expect(seen).toEqual(Array(8).fill('ProtocolError').with(6, 'more'))
  })

  test('a packet in pieces that turns out malformed is refused once', () => {
    const decoder = new PacketDecoder(connected)

    expect(outcomes(decoder, ['82', '06', '0001 00', '0000', '00', 'c000'])).toEqual([
      ...Array(8).fill('more'),
      'MalformedPacketError',
      ...Array(3).fill('more'),
    ])
  })

  test('pushing before all packets have been taken is refused, because bytes would be lost', () => {
    const decoder = new PacketDecoder(connected)
    decoder.push(bytesOf('c000 c000'))
    decoder.next()

    expect(() => decoder.push(bytesOf('c000'))).toThrow(/before next\(\)/)
    expect(outcomes(decoder, [])).toEqual([])
  })

  test('isInsidePacket tells whether the stream may end', () => {
    const decoder = new PacketDecoder(connected)

    const seen = ['', 'c0', '00', '30', '0b', '0003', "'a/b' 00 'hello'"].map(chunk => {
      decoder.push(bytesOf(chunk))
      decoder.next()
      return decoder.isInsidePacket
    })

    expect(seen).toEqual([false, true, false, true, true, true, false])
  })
}

function versionTests(): void {
  test('CONNECT tells a Server the version of what follows', () => {
    const streams: [notation: string, version: number][] = [
      ["10 0e 0006 'MQIsdp' 03 02 0000 0000 6a 02 0001", 3],
      ["10 0c 0004 'MQTT' 04 02 0000 0000 30 05 0003 'a/b'", 4],
      ["10 0d 0004 'MQTT' 05 02 0000 00 0000 30 06 0003 'a/b' 00", 5],
    ]

    const versions = streams.map(([notation]) => {
      const decoder = new PacketDecoder(server)
      decoder.push(bytesOf(notation))
      return [decoder.next()?.type, decoder.version, decoder.next()?.type !== undefined]
    })

    expect(versions).toEqual(streams.map(([, version]) => [PacketType.Connect, version, true]))
  })

  test('a CONNECT that turns out malformed tells the version all the same', () => {
    const decoder = new PacketDecoder(server)

    const seen = outcomes(decoder, ["10 0d 0004 'MQTT' 05 03 0000 00 0000"])

    expect(seen).toEqual(['MalformedPacketError', 'more'])
    expect(decoder.version).toBe(5)
  })

  test('[MQTT-3.1.0-2] a second CONNECT is a Protocol Error, whatever its version', () => {
    for (const connect of ["10 0c 0004 'MQTT' 04 02 0000 0000", "10 0e 0004 'MQTT' 09 02 0000 00 0001 'c'"]) {
      const decoder = new PacketDecoder(connected)

      expect(outcomes(decoder, [connect])[0]).toBe('ProtocolError')
      expect(decoder.version).toBe(5)
    }
  })
}

/** What every platform's decoder must do. */
export function decoderSuite(): void {
  describe('splits', splitTests)
  describe('views', viewTests)
  describe('reuse', reuseTests)
  describe('failures', failureTests)
  describe('versions', versionTests)
}
