import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { encodePacket, noProperties, PacketDecoder, PacketType, ReasonCode } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { nodeRuntime } from '../../src/runtime/node-runtime.ts'
import { byteStreamOf } from '../../src/transport/duplex-stream.ts'
import { connectPacket, publishPacket, subscribePacket } from '../support/packets.ts'
import { Stage } from '../support/stage.ts'

/** A Duplex whose far end answers from within each write. */
class Answering extends Duplex {
  readonly #answer: (chunk: Uint8Array) => void

  constructor(answer: (this: Answering, chunk: Uint8Array) => void) {
    super()
    this.#answer = answer.bind(this)
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _: string, callback: () => void): void {
    this.#answer(chunk)
    callback()
  }
}

/** What a handler hears of some streams, and whether a call to one was under way then. */
function listenTo(...streams: Duplex[]) {
  const heard: string[] = []
  const state = { isCalling: false }
  const hear = (what: string): void => void heard.push(state.isCalling ? `${what}, from within a call` : what)
  const opened = streams.map((stream, index) => {
    const bytes = byteStreamOf(stream, nodeRuntime)
    bytes.start({
      onBytes: chunk => hear(`${index}: ${Buffer.from(chunk)}`),
      onDrain: () => hear(`${index}: drain`),
      onEnd: () => hear(`${index}: end`),
      onClose: () => hear(`${index}: close`),
    })
    return bytes
  })
  const call = (action: () => void): void => {
    state.isCalling = true
    action()
    state.isCalling = false
  }
  return { heard, opened, call }
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text)

describe('a stream of the application', () => {
  test('is heard in calls of its own, and several in the order in which their bytes came', async () => {
    const other = new Answering(() => {})
    const one = new Answering(function () {
      this.push('a')
      other.push('b')
      this.push('c')
      this.push(null)
    })
    const { heard, opened, call } = listenTo(one, other)
    await turn()

    call(() => opened[0]!.write([bytesOf('x')]))
    await turn()

    expect(heard).toEqual(['0: a', '1: b', '0: c', '0: end'])
  })

  test('that is paused says nothing more until it goes on, but that it has drained or is gone', async () => {
    const held: (() => void)[] = []
    const stream = new Answering(() => {})
    stream._write = (_chunk, _encoding, callback) => void held.push(callback)
    const { heard, opened } = listenTo(stream)
    await turn()
    const [bytes] = opened
    stream.push('a')
    stream.push('b')
    bytes!.write([bytesOf('x')])
    bytes!.pause()
    held.shift()!()
    held.shift()?.()
    await turn()
    const whilePaused = [...heard]

    bytes!.resume()
    await turn()
    bytes!.pause()
    stream.push('c')
    stream.destroy()
    await turn()
    bytes!.resume()
    await turn()

    expect(whilePaused).toEqual(['0: drain'])
    expect(heard).toEqual(['0: drain', '0: a', '0: b', '0: close'])
  })

  test('may use the memory of a chunk again at once, and a handler that keeps it finds nothing in it', async () => {
    const stream = new Answering(() => {})
    const bytes = byteStreamOf(stream, nodeRuntime)
    const seen: string[] = []
    const kept: Uint8Array[] = []
    bytes.start({
      onBytes: chunk => {
        seen.push(Buffer.from(chunk).toString())
        kept.push(chunk)
      },
      onDrain: () => {},
      onEnd: () => {},
      onClose: () => {},
    })
    await turn()
    const chunk = Buffer.from('first')

    stream.push(chunk)
    chunk.fill('x')
    await turn()

    expect(seen).toEqual(['first'])
    expect(Buffer.from(kept[0]!).toString()).not.toBe('first')
  })
})

test('a Client that acknowledges from within the write gets everything, and harms nobody', async () => {
  const stage = new Stage({ limits: { inFlightMessagesMax: 1 } })
  const decoder = new PacketDecoder({ receiver: 'client', version: 5 })
  const sizes: number[] = []
  const client = new Answering(function (chunk) {
    decoder.push(chunk)
    for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
      if (packet.type !== PacketType.Publish) continue
      sizes.push(packet.payload.length)
      const { packetId } = packet
      const puback = { type: PacketType.Puback, packetId, reasonCode: ReasonCode.Success, properties: noProperties }
      this.push(encodePacket(puback, 5))
    }
  })
  await stage.broker.attach(client)
  await stage.settle()
  client.push(encodePacket(connectPacket({ clientId: 'answering' }), 5))
  client.push(encodePacket(subscribePacket(1, [{ filter: 'a', qos: 1 }]), 5))
  await stage.settle()
  const publisher = await stage.connect({ clientId: 'publisher' })

  for (let packetId = 1; packetId <= 5; packetId++) {
    publisher.send(publishPacket('a', 'x'.repeat(200_000 + packetId), { qos: 1, packetId }))
  }

  expect(await publisher.upToNow()).toEqual([1, 2, 3, 4, 5].map(id => `PUBACK ${id}`))
  await stage.settle()
  expect(sizes).toEqual([200_001, 200_002, 200_003, 200_004, 200_005])
})
