import { connect, type Socket } from 'node:net'
import { encodePacket, type Packet, PacketDecoder, type ProtocolVersion } from '@curlew/codec'

/** Who uses a connection. */
export interface ConnectionOwner {
  receive(packet: Packet): void
  /** Comes once, after the last packet. @param fault what the broker sent that is not MQTT, if that was the end */
  closed(fault: Error | undefined): void
}

/** One Network Connection to the broker, whose packets go through the codec in both directions. */
export class Connection {
  readonly #socket: Socket
  readonly #version: ProtocolVersion
  readonly #decoder: PacketDecoder
  readonly #owner: ConnectionOwner
  #fault: Error | undefined
  #isCorked = false

  constructor(port: number, version: ProtocolVersion, owner: ConnectionOwner) {
    this.#version = version
    this.#owner = owner
    this.#decoder = new PacketDecoder({ receiver: 'client', version })
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.#socket.on('data', chunk => this.#read(chunk))
    // A broker that dies refuses and resets; what matters is that the connection is closed.
    this.#socket.on('error', () => undefined)
    this.#socket.on('close', () => owner.closed(this.#fault))
  }

  /** What is sent in one turn leaves in one write. */
  send(packet: Packet): void {
    if (!this.#isCorked) {
      this.#isCorked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#isCorked = false
        this.#socket.uncork()
      })
    }
    this.#socket.write(encodePacket(packet, this.#version))
  }

  /** Closes our direction behind what has been sent; the broker closes the other. */
  end(): void {
    this.#socket.end()
  }

  /** Cuts the connection, whatever is under way. */
  destroy(): void {
    this.#socket.destroy()
  }

  #read(chunk: Uint8Array): void {
    try {
      this.#decoder.push(chunk)
      for (let packet = this.#decoder.next(); packet !== undefined; packet = this.#decoder.next()) {
        this.#owner.receive(packet)
      }
    } catch (error) {
      this.#fault ??= error as Error
      this.#socket.destroy()
    }
  }
}
