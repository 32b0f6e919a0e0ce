import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { LibraryClient } from './libraries.ts'

/** So many bytes leave before the turn ends, and so much more than that a packet may take: as our client, and more than any packet here. */
const FLUSH_BYTES = 65_536
/** What waits for an acknowledgement or a response is found by an identifier of two bytes. */
const IDENTIFIERS = 65_536

/** Clean Start, Keep Alive 0, one byte of Client Identifier per digit; no properties. */
const connectPacket = (clientId: string): number[] => [
  ...[0x10, 13 + clientId.length, 0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 2, 0, 0, 0],
  ...[0, clientId.length, ...Buffer.from(clientId)],
]

/**
 * The floor of what is measured: the same packets, the same system calls, a promise per call, and nothing else. It checks nothing,
 * understands only what the scenarios bring, and recovers from nothing, so it is what a client in Node can take at the least, not a client.
 */
class BareClient implements LibraryClient {
  readonly #socket: Socket
  readonly #responseTopic = `response/${process.pid}`
  readonly #settlers: ((() => void) | undefined)[] = new Array(IDENTIFIERS).fill(undefined)
  readonly #answers: ((() => void) | undefined)[] = new Array(IDENTIFIERS).fill(undefined)
  #lastIdentifier = 0
  #onMessage = (): void => {}
  #subscribed: Promise<unknown> | undefined
  #out = Buffer.allocUnsafe(2 * FLUSH_BYTES)
  #position = 0
  #isScheduled = false
  #rest: Buffer = Buffer.alloc(0)

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    this.#put(connectPacket(String(process.pid)))
  }

  publish(topic: string, payload: Uint8Array, qos: 0 | 1): Promise<unknown> {
    if (qos === 0) {
      this.#publish(topic, payload, 0, 0)
      return settled
    }
    const identifier = this.#nextIdentifier()
    this.#publish(topic, payload, identifier, 0)
    return new Promise<void>(resolve => {
      this.#settlers[identifier] = resolve
    })
  }

  async subscribe(filter: string, qos: 0 | 1, onMessage: () => void): Promise<() => Promise<unknown>> {
    this.#onMessage = onMessage
    await this.#ask(0x82, filter, [qos])
    return () => this.#ask(0xa2, filter, [])
  }

  async request(topic: string, payload: Uint8Array): Promise<unknown> {
    this.#subscribed ??= this.#ask(0x82, this.#responseTopic, [1])
    await this.#subscribed
    const identifier = this.#nextIdentifier()
    this.#publish(topic, payload, identifier, 3 + this.#responseTopic.length + 5)
    return new Promise<void>(resolve => {
      this.#answers[identifier] = resolve
    })
  }

  async close(): Promise<void> {
    this.#socket.destroy()
  }

  /** SUBSCRIBE or UNSUBSCRIBE. */
  #ask(firstByte: number, filter: string, options: number[]): Promise<void> {
    const identifier = this.#nextIdentifier()
    const length = 5 + filter.length + options.length
    const body = [identifier >> 8, identifier & 255, 0, 0, filter.length, ...Buffer.from(filter), ...options]
    this.#put([firstByte, length, ...body])
    return new Promise(resolve => {
      this.#settlers[identifier] = resolve
    })
  }

  #nextIdentifier(): number {
    this.#lastIdentifier = (this.#lastIdentifier % (IDENTIFIERS - 1)) + 1
    return this.#lastIdentifier
  }

  /** @param identifier 0 for QoS 0 @param propertiesLength of Response Topic and Correlation Data; 0 for none */
  #publish(topic: string, payload: Uint8Array, identifier: number, propertiesLength: number): void {
    this.#begin()
    const out = this.#out
    const length = 2 + topic.length + (identifier > 0 ? 2 : 0) + 1 + propertiesLength + payload.length
    let at = this.#position
    out[at++] = identifier > 0 ? 0x32 : 0x30
    out[at++] = length < 128 ? length : (length & 127) | 128
    if (length >= 128) out[at++] = length >> 7 // 16 KiB at most
    at = writeText(out, topic, at)
    if (identifier > 0) at = writeTwo(out, identifier, at)
    out[at++] = propertiesLength
    if (propertiesLength > 0) {
      out[at++] = 0x08
      at = writeText(out, this.#responseTopic, at)
      out[at++] = 0x09
      at = writeTwo(out, identifier, writeTwo(out, 2, at))
    }
    out.set(payload, at)
    this.#position = at + payload.length
  }

  #put(bytes: readonly number[]): void {
    this.#begin()
    this.#out.set(bytes, this.#position)
    this.#position += bytes.length
  }

  #begin(): void {
    if (this.#position > FLUSH_BYTES) this.#flush()
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    this.#socket.write(this.#out.subarray(0, this.#position))
    if (this.#socket.writableLength > 0) this.#out = Buffer.allocUnsafe(2 * FLUSH_BYTES)
    this.#position = 0
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    let at = 0
    while (at + 3 <= bytes.length) {
      const isLong = bytes[at + 1]! > 127
      const start = at + (isLong ? 3 : 2)
      const end = start + (bytes[at + 1]! & 127) + (isLong ? bytes[at + 2]! << 7 : 0)
      if (end > bytes.length) break
      this.#handle(bytes, bytes[at]!, start, end)
      at = end
    }
    this.#rest = bytes.subarray(at)
  }

  #handle(bytes: Buffer, firstByte: number, start: number, end: number): void {
    if (firstByte >> 4 === 3) return this.#handlePublish(bytes, firstByte, start)
    if (firstByte === 0x20 || end - start < 2) return
    const identifier = (bytes[start]! << 8) | bytes[start + 1]!
    this.#settlers[identifier]?.()
    this.#settlers[identifier] = undefined
  }

  #handlePublish(bytes: Buffer, firstByte: number, start: number): void {
    let at = start + 2 + ((bytes[start]! << 8) | bytes[start + 1]!)
    if (firstByte & 2) {
      this.#put([0x40, 2, bytes[at]!, bytes[at + 1]!])
      at += 2
    }
    if (bytes[at]! === 0 || bytes[at + 1] !== 0x09) return this.#onMessage()
    const identifier = (bytes[at + 4]! << 8) | bytes[at + 5]!
    this.#answers[identifier]?.()
    this.#answers[identifier] = undefined
  }
}

const settled = Promise.resolve()

function writeTwo(out: Buffer, value: number, at: number): number {
  out[at] = value >> 8
  out[at + 1] = value
  return at + 2
}

/** ASCII. */
function writeText(out: Buffer, text: string, at: number): number {
  const start = writeTwo(out, text.length, at)
  for (let index = 0; index < text.length; index++) out[start + index] = text.charCodeAt(index)
  return start + text.length
}

export async function openBare(url: string): Promise<LibraryClient> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  return new BareClient(socket)
}
