import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** What a SOCKS5 server of a test is like (RFC 1928, RFC 1929). */
export interface SocksOptions {
  /** `user:password`; without it nobody is asked. */
  readonly credentials?: string
  /** What it answers to every CONNECT in place of connecting, such as 4 for a host that it cannot reach. */
  readonly reply?: number
}

/** A SOCKS5 server. Whatever the host is that it is asked for, it connects to the port on 127.0.0.1. */
export class SocksServer {
  port = 0
  /** Hosts it was asked for, with the type of their address: 1 is IPv4, 3 a name, 4 IPv6. */
  readonly asked: string[] = []
  readonly #options: SocksOptions

  constructor(options: SocksOptions = {}) {
    this.#options = options
  }

  /** It ends with its test. @returns itself */
  async listen(): Promise<this> {
    const server = createServer(socket => {
      socket.on('error', () => {})
      void this.#serve(socket, new Reader(socket)).catch(() => socket.destroy())
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    this.port = (server.address() as { port: number }).port
    return this
  }

  async #serve(socket: Socket, reader: Reader): Promise<void> {
    const { credentials, reply = 0 } = this.#options
    const [, methodCount = 0] = await reader.take(2)
    const wanted = credentials === undefined ? 0 : 2
    const isOffered = (await reader.take(methodCount)).includes(wanted)
    socket.write(Buffer.of(5, isOffered ? wanted : 255))
    if (!isOffered) return void socket.end()
    if (credentials !== undefined) {
      await reader.take(1)
      const given = `${await reader.text()}:${await reader.text()}`
      socket.write(Buffer.of(1, given === credentials ? 0 : 1))
      if (given !== credentials) return void socket.end()
    }
    const port = await this.#request(reader)
    socket.write(Buffer.of(5, reply, 0, 1, 0, 0, 0, 0, 0, 0))
    if (reply !== 0) return void socket.end()
    reader.release()
    const onward = connect(port, '127.0.0.1')
    onward.on('error', () => socket.destroy())
    socket.pipe(onward).pipe(socket)
  }

  /** @returns the port it asks for */
  async #request(reader: Reader): Promise<number> {
    const [, , , type = 0] = await reader.take(4)
    const host = type === 3 ? await reader.text() : [...(await reader.take(type === 1 ? 4 : 16))].join('.')
    this.asked.push(`${type} ${host}`)
    return (await reader.take(2)).readUInt16BE()
  }
}

/** Reads a socket in pieces of the sizes that a protocol has. */
class Reader {
  readonly #socket: Socket
  #bytes = Buffer.alloc(0)

  constructor(socket: Socket) {
    this.#socket = socket
    socket.pause()
  }

  async take(size: number): Promise<Buffer> {
    while (this.#bytes.length < size) {
      const chunk = this.#socket.read() as Buffer | null
      if (chunk) this.#bytes = Buffer.concat([this.#bytes, chunk])
      else await once(this.#socket, 'readable')
    }
    const taken = this.#bytes.subarray(0, size)
    this.#bytes = this.#bytes.subarray(size)
    return taken
  }

  /** A byte for the length, and so many bytes. */
  async text(): Promise<string> {
    const [size = 0] = await this.take(1)
    return String(await this.take(size))
  }

  /** Gives back what has been read too much. */
  release(): void {
    if (this.#bytes.length > 0) this.#socket.unshift(this.#bytes)
  }
}
