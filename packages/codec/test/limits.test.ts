import { PacketDecoder, type PacketDecoderOptions } from '@curlew/codec'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { errorOf } from './malformed/refusal.ts'
import { bytesOf } from './notation.ts'

/** The sizes of all buffers that the codec has asked for. */
const allocations = vi.hoisted((): number[] => [])
vi.mock('#bytes', async importOriginal => {
  const platform = await importOriginal<typeof import('#bytes')>()
  return {
    ...platform,
    allocateBytes: (size: number) => {
      allocations.push(size)
      return platform.allocateBytes(size)
    },
  }
})

beforeEach(() => {
  allocations.length = 0
})

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

/** Pushes each chunk and asks for a packet; whatever comes of it is not the point. */
function feed(options: PacketDecoderOptions, chunks: readonly Uint8Array[]): void {
  const decoder = new PacketDecoder(options)
  for (const chunk of chunks) {
    decoder.push(chunk)
    decoder.next()
  }
}

describe('Maximum Packet Size', () => {
  const publish = "30 0a 0003 'a/b' 'hello'"
  const rows: [name: string, maximumPacketSize: number, bytes: string, isRefused: boolean][] = [
    ['a packet of 12 bytes where 12 are allowed', 12, publish, false],
    ['a packet of 12 bytes where 11 are allowed', 11, publish, true],
    ['the fixed header of a packet of 12 bytes where 11 are allowed', 11, '30 0a', true],
    ['a length that is padded to 13 bytes where 12 are allowed', 12, '30 8a00', true],
    ['a packet of 2 bytes where 2 are allowed', 2, 'c0 00', false],
    ['a packet of 2 bytes where 1 is allowed', 1, 'c0 00', true],
    ['the fixed header of the largest packet where one byte less is allowed', 268_435_459, '30 ffffff7f', true],
    ['a length of three bytes where 2 MiB are allowed', 2_097_152, '30 fdff7f', true],
  ]
  for (const [name, maximumPacketSize, bytes, isRefused] of rows) {
    test(`${name} is ${isRefused ? 'refused' : 'taken'}`, () => {
      const result = errorOf(bytesOf(bytes), { receiver: 'server', version: 4, maximumPacketSize })

      expect(result instanceof Error).toBe(isRefused)
      expect(isRefused ? result : {}).toMatchObject(
        isRefused ? { code: 'ERR_MQTT_PACKET_TOO_LARGE', reasonCode: 0x95 } : {},
      )
    })
  }

  const senders: [name: string, receiver: 'server' | 'client', statement: string][] = [
    ['[MQTT-3.2.2-15] is not for a Client to exceed', 'server', '[MQTT-3.2.2-15]'],
    ['[MQTT-3.1.2-24] is not for a Server to exceed', 'client', '[MQTT-3.1.2-24]'],
  ]
  for (const [name, receiver, statement] of senders) {
    test(name, () => {
      const error = errorOf(bytesOf('30 ffffff7f'), { receiver, version: 5, maximumPacketSize: 100 })

      expect(error).toMatchObject({ statement })
    })
  }

  test('may change from one packet to the next', () => {
    const decoder = new PacketDecoder({ receiver: 'server', version: 4, maximumPacketSize: 12 })
    decoder.push(bytesOf(`${publish} 30 0b 0003 'a/b' 'hello!' 30 0b 0003 'a/b' 'hello!'`))
    decoder.next()

    decoder.maximumPacketSize = 13
    const second = decoder.next()
    decoder.maximumPacketSize = 12

    expect(second).toBeDefined()
    expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'ERR_MQTT_PACKET_TOO_LARGE' }))
  })

  test('is what the format allows by default', () => {
    feed({ receiver: 'server', version: 4 }, [bytesOf('30 ffffff7f')])

    expect(allocations).toEqual([])
  })

  test('is enforced before anything is allocated', () => {
    const options = { receiver: 'server', version: 4, maximumPacketSize: 1000 } as const

    expect(() => feed(options, [bytesOf('30'), bytesOf('80'), bytesOf('80'), bytesOf('01'), bytesOf('00')])).toThrow()
    expect(allocations).toEqual([])
  })
})

describe('a claimed length of 256 MiB', () => {
  const options = { receiver: 'server', version: 4 } as const
  const claim = bytesOf('30 ffffff7f')

  test('costs nothing until bytes come', () => {
    feed(options, [claim, bytesOf('')])

    expect(allocations).toEqual([])
  })

  const arrivals: [bytes: number, chunk: number][] = [
    [1, 1],
    [100, 1],
    [5000, 7],
    [100_000, 1460],
    [1_000_000, 65_536],
  ]
  for (const [bytes, chunk] of arrivals) {
    test(`costs at most four times what has come: ${bytes} bytes in chunks of ${chunk}`, () => {
      const chunks = Array.from({ length: Math.ceil(bytes / chunk) }, () => new Uint8Array(chunk))

      feed(options, [claim, ...chunks])

      const come = chunks.length * chunk
      expect(Math.max(...allocations)).toBeLessThanOrEqual(Math.max(1024, 4 * come))
      expect(sum(allocations)).toBeLessThanOrEqual(Math.max(1024, 6 * come)) // with those that were too small
    })
  }

  test('costs a thousand connections that send one byte each a kilobyte each', () => {
    for (let connection = 0; connection < 1000; connection++) feed(options, [claim, bytesOf('00')])

    expect(sum(allocations)).toBeLessThanOrEqual(1000 * 1024)
  })
})

describe('lengths inside a packet', () => {
  const claims: [name: string, bytes: string][] = [
    ['a string of 65 535 bytes', '30 03 ffff 61'],
    ['a Property Length of 256 MiB', '30 08 0001 61 ffffff7f 26'],
    ['a Password of 65 535 bytes', "10 10 0004 'MQTT' 05 42 0000 00 0000 ffff 00"],
  ]
  for (const [name, bytes] of claims) {
    test(`${name} that is not there costs nothing`, () => {
      const error = errorOf(bytesOf(bytes), { receiver: 'any', version: 5 })

      expect(error).toMatchObject({ code: 'ERR_MQTT_MALFORMED_PACKET' })
      expect(allocations).toEqual([])
    })
  }
})

describe('a packet', () => {
  const packet = bytesOf("30 e907 0001 'a' 5a*998")

  test('that lies whole in a chunk costs no buffer', () => {
    feed({ receiver: 'server', version: 4 }, [packet, packet])

    expect(allocations).toEqual([])
  })

  test('that comes in two pieces costs one buffer of its length', () => {
    feed({ receiver: 'server', version: 4 }, [packet.subarray(0, 10), packet.subarray(10)])

    expect(allocations).toEqual([1001])
  })
})
