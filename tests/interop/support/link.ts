import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { Signal } from './bounded-wait.ts'
import { SubscribeCounter } from './subscribe-counter.ts'

/**
 * The cable between one client and the broker: a TCP relay that a test can cut. Clients that know no way to close
 * abruptly, to lose an acknowledgement or to stop reconnecting are thereby put in the same place as those that do.
 *
 * It carries one Network Connection, because the clients under test differ in when they reconnect. A client that
 * tries anyway finds its connection closed; the port is not given back before the test ends, so that the attempt can
 * never reach somebody else.
 */
export class Link {
  readonly host: string
  /** The broker itself, for tools that open a connection for each thing they do. */
  readonly brokerPort: number
  /** Resolves when the Network Connection is closed on both sides. */
  readonly closed: Promise<void>
  readonly #closed = new Signal<void>()
  readonly #subscribes = new SubscribeCounter()
  readonly #server: Server
  readonly #sockets: Socket[] = []
  readonly #inputListeners: (() => void)[] = []
  #isOutputLost = false

  private constructor(host: string, brokerPort: number) {
    this.host = host
    this.brokerPort = brokerPort
    this.closed = this.#closed.promise
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, client => this.#carry(client))
  }

  static async open(host: string, brokerPort: number): Promise<Link> {
    const link = new Link(host, brokerPort)
    await new Promise<void>((resolve, reject) => {
      link.#server.once('error', reject)
      link.#server.listen(0, host, resolve)
    })
    return link
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port // A TCP server that listens has an AddressInfo.
  }

  /** How many SUBSCRIBE packets the client has sent. Counts over TCP only, where packets are not framed. */
  get subscribePackets(): number {
    return this.#subscribes.count
  }

  /** Resolves when the broker next sends something. */
  nextInput(): Promise<void> {
    const arrived = new Signal<void>()
    this.#inputListeners.push(() => arrived.resolve())
    return arrived.promise
  }

  /** From now on nothing that the client sends arrives: its acknowledgements are lost. */
  loseOutput(): void {
    this.#isOutputLost = true
  }

  /** Closes the Network Connection in the middle, without DISCONNECT and without FIN. */
  sever(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Ends the relay and, with it, any connection attempt still to come. */
  async close(): Promise<void> {
    this.sever()
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }

  #carry(client: Socket): void {
    if (this.#sockets.length > 0) {
      client.destroy()
      return
    }
    const broker = connect({ host: this.host, port: this.brokerPort, allowHalfOpen: true, noDelay: true })
    this.#sockets.push(client, broker)
    client.on('data', chunk => {
      if (this.#isOutputLost) return
      this.#subscribes.read(chunk)
      if (!broker.write(chunk)) client.pause()
    })
    broker.on('data', chunk => {
      for (const listener of this.#inputListeners.splice(0)) listener()
      if (!client.write(chunk)) broker.pause()
    })
    join(client, broker)
    join(broker, client)
    Promise.all([closeOf(client), closeOf(broker)]).then(() => this.#closed.resolve())
  }
}

/** What becomes of one end becomes of the other. */
function join(near: Socket, far: Socket): void {
  near.on('drain', () => far.resume())
  near.on('end', () => far.end())
  near.on('error', () => far.resetAndDestroy()) // A reset is what tests cause; it is passed on, not reported.
  near.on('close', () => far.destroySoon())
}

function closeOf(socket: Socket): Promise<void> {
  return new Promise(resolve => socket.once('close', () => resolve()))
}
