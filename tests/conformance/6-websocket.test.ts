import { createHash, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { type Broker, createBroker } from '@curlew/broker'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { bytesOf, hexOf } from '../../packages/broker/test/support/notation.ts'

let broker: Broker
let port = 0
const sockets: { terminate(): void }[] = []
beforeAll(async () => {
  broker = createBroker()
  port = (await broker.listen({ protocol: 'ws' })).port
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate()
})
afterAll(() => broker.close())

/** A WebSocket with everything that came, as hex digits, and whether it came in binary frames. */
class Frames {
  readonly socket: WebSocket
  received = ''
  hasText = false
  closeCode: number | undefined
  #notify = (): void => {}

  constructor(protocols: string[]) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, protocols)
    this.socket.on('message', (data: Buffer, isBinary) => {
      this.received += hexOf(data)
      this.hasText ||= !isBinary
      this.#notify()
    })
    this.socket.on('close', code => {
      this.closeCode = code
      this.#notify()
    })
    sockets.push(this.socket)
  }

  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.once('open', resolve)
      this.socket.once('error', reject)
    })
  }

  /** Each argument is one binary frame, in the notation of bytes. */
  send(...frames: string[]): void {
    for (const frame of frames) this.socket.send(bytesOf(frame))
  }

  /** Waits until so many bytes have come. */
  async bytes(count: number): Promise<string> {
    while (this.received.length < 2 * count) await this.#event()
    return this.received
  }

  async closed(): Promise<number> {
    while (this.closeCode === undefined) await this.#event()
    return this.closeCode
  }

  #event(): Promise<void> {
    return new Promise(resolve => {
      this.#notify = resolve
    })
  }
}

async function openFrames(): Promise<Frames> {
  const frames = new Frames(['mqtt'])
  await frames.opened()
  return frames
}

const connects = [
  [
    'MQTT 3.1.1',
    "10 0d 0004 'MQTT' 04 02 0000 0001 'c'",
    '20020000',
    "82 06 0001 0001 'a' 00",
    '9003000100',
    "30 04 0001 'a' 'x'",
  ],
  [
    'MQTT 5.0',
    "10 0e 0004 'MQTT' 05 02 0000 00 0001 'c'",
    '20',
    "82 07 0001 00 0001 'a' 00",
    '900400010000',
    "30 05 0001 'a' 00 'x'",
  ],
] as const
describe.each(connects)('in %s', (_, connectBytes, connack, subscribe, suback, publish) => {
  /** CONNACK of 5.0 has properties: it is as long as its Remaining Length says. */
  const sizeOf = (received: string) => 2 + Number.parseInt(received.slice(2, 4), 16)

  async function connected(clientId = 'c'): Promise<Frames> {
    const frames = await openFrames()
    frames.send(connectBytes.replace("'c'", `'${clientId}'`))
    const size = sizeOf(await frames.bytes(2))
    expect((await frames.bytes(size)).startsWith(connack)).toBe(true)
    frames.received = ''
    return frames
  }

  test('[MQTT-6.0.0-1] [MQTT3-6.0.0-1] the Server sends binary frames', async () => {
    const frames = await connected()

    frames.send(subscribe, 'c0 00')

    expect(await frames.bytes(suback.length / 2 + 2)).toBe(`${suback}d000`)
    expect(frames.hasText).toBe(false)
  })

  test('[MQTT-6.0.0-1] [MQTT3-6.0.0-1] a text frame closes the connection', async () => {
    const frames = await connected()

    frames.socket.send('c000')

    expect(await frames.closed()).toBe(1003)
    expect(frames.received).toBe('')
  })

  test('[MQTT-6.0.0-1] [MQTT3-6.0.0-1] a text frame closes the connection before CONNECT', async () => {
    const frames = await openFrames()

    frames.socket.send(Buffer.from(bytesOf(connectBytes)).toString('latin1'))

    expect(await frames.closed()).toBe(1003)
    expect(frames.received).toBe('')
  })

  test('[MQTT-6.0.0-1] [MQTT3-6.0.0-1] what follows a text frame is not handled', async () => {
    const other = await connected()
    other.send(subscribe)
    await other.bytes(suback.length / 2)
    other.received = ''
    const frames = await connected('d')

    frames.socket.send('text')
    frames.send(publish, 'c0 00')
    await frames.closed()
    other.send('c0 00')

    expect(await other.bytes(2)).toBe('d000')
    expect(frames.received).toBe('')
  })

  test('[MQTT-6.0.0-2] [MQTT3-6.0.0-2] one frame may have several packets', async () => {
    const frames = await connected()

    frames.send(`${subscribe} c0 00 c0 00`)

    expect(await frames.bytes(suback.length / 2 + 4)).toBe(`${suback}d000d000`)
  })

  test('[MQTT-6.0.0-2] [MQTT3-6.0.0-2] a packet may be cut at every byte, also by empty frames', async () => {
    const frames = await connected()
    const pieces = hexOf(bytesOf(`${subscribe} c0 00`)).match(/../g)!

    frames.send(...pieces.flatMap(piece => [piece, '']))

    expect(await frames.bytes(suback.length / 2 + 2)).toBe(`${suback}d000`)
  })

  test('[MQTT-6.0.0-2] [MQTT3-6.0.0-2] frames may hold the end of one packet and the beginning of the next', async () => {
    const frames = await connected()

    frames.send('c0', '00 c0', '00 c0', '00')

    expect(await frames.bytes(6)).toBe('d000d000d000')
  })
})

const offers: [name: string, offered: string[], selected: string][] = [
  ['[MQTT-6.0.0-4] [MQTT3-6.0.0-4] mqtt is selected', ['mqtt'], 'mqtt'],
  ['[MQTT-6.0.0-4] [MQTT3-6.0.0-4] mqtt is selected from several', ['soap', 'mqtt', 'wamp'], 'mqtt'],
  ['[MQTT-6.0.0-4] [MQTT3-6.0.0-4] mqtt is selected before its older names', ['mqttv3.1', 'mqtt'], 'mqtt'],
]
test.each(offers)('%s', async (_, offered, selected) => {
  const frames = new Frames(offered)
  await frames.opened()

  expect(frames.socket.protocol).toBe(selected)
})

/** The answer to an upgrade, and what follows it, from a peer that writes its frames by hand. */
function handshake(headers: string[]): Promise<{ head: string; socket: Socket }> {
  const socket = connect({ host: '127.0.0.1', port })
  sockets.push({ terminate: () => socket.destroy() })
  const key = randomBytes(16).toString('base64')
  const lines = [
    'GET /mqtt HTTP/1.1',
    'Host: a',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
  ]
  socket.write(`${[...lines, `Sec-WebSocket-Key: ${key}`, ...headers].join('\r\n')}\r\n\r\n`)
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.once('data', data => {
      const head = data.toString('latin1')
      if (head.includes(accept)) resolve({ head, socket })
      else reject(new Error(head))
    })
  })
}

test('[MQTT-6.0.0-3] [MQTT3-6.0.0-3] a Client that does not offer mqtt is told no sub-protocol', async () => {
  const { head } = await handshake([])

  expect(head).not.toMatch(/sec-websocket-protocol/i)
})

test('[MQTT-6.0.0-3] [MQTT3-6.0.0-3] a Client that offers only others is told no sub-protocol', async () => {
  const { head } = await handshake(['Sec-WebSocket-Protocol: soap'])

  expect(head).not.toMatch(/sec-websocket-protocol/i)
})

test('[MQTT-6.0.0-2] [MQTT3-6.0.0-2] a message may be cut into continuation frames with a ping between them', async () => {
  const { socket } = await handshake(['Sec-WebSocket-Protocol: mqtt'])
  const came: Buffer[] = []
  const answered = new Promise<void>(resolve => {
    socket.on('data', data => {
      came.push(data)
      if (hexOf(Buffer.concat(came)).includes('8a00') && hexOf(Buffer.concat(came)).includes('820420020000')) resolve()
    })
  })

  // Masks of zeros, which leave the bytes as they are: binary without FIN, ping, continuation with FIN.
  socket.write(bytesOf("02 86 00000000 10 0d 0004 'MQ'  89 80 00000000  80 89 00000000 'TT' 04 02 0000 0001 'c'"))

  await answered
})
