import { connect, type Socket } from 'node:net'
import {
  type Connect,
  encodePacket,
  noProperties,
  type Packet,
  PacketDecoder,
  PacketType,
  type ProtocolVersion,
} from '@curlew/codec'
import { onTestFinished } from 'vitest'

/** A CONNECT with nothing special in it. */
export function connectPacket(clientId: string, protocolVersion: ProtocolVersion = 5): Connect {
  return {
    type: PacketType.Connect,
    protocolVersion,
    cleanStart: true,
    keepAlive: 60,
    clientId,
    will: undefined,
    userName: undefined,
    password: undefined,
    properties: noProperties,
  }
}

/** A Client that sends and receives packets, and does nothing by itself: it does not even close when the Server does. */
export class RawClient {
  readonly #socket: Socket
  readonly #decoder: PacketDecoder
  readonly #packets: Packet[] = []
  #onPacket: (() => void) | undefined

  constructor(port: number, version: ProtocolVersion = 5) {
    this.#decoder = new PacketDecoder({ receiver: 'client', version })
    this.#socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    this.#socket.on('data', bytes => this.#read(bytes))
    this.#socket.on('error', () => {}) // The test fails for want of a packet.
    onTestFinished(() => {
      this.#socket.destroy()
    })
  }

  send(packet: Packet, version: ProtocolVersion = 5): void {
    this.#socket.write(encodePacket(packet, version))
  }

  /** The next packet from the Server. */
  async next(): Promise<Packet> {
    while (this.#packets.length === 0) {
      await new Promise<void>(resolve => {
        this.#onPacket = resolve
      })
    }
    return this.#packets.shift()!
  }

  /** Connects and returns what the Server answers. */
  connect(clientId: string, version: ProtocolVersion = 5): Promise<Packet> {
    this.send(connectPacket(clientId, version), version)
    return this.next()
  }

  end(): void {
    this.#socket.end()
  }

  #read(bytes: Buffer): void {
    this.#decoder.push(bytes)
    for (let packet = this.#decoder.next(); packet !== undefined; packet = this.#decoder.next()) {
      this.#packets.push(packet)
    }
    this.#onPacket?.()
  }
}
