import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { type Packet, PacketDecoder, PacketType } from '@curlew/codec'

/**
 * Stands between a tool and a broker, passes every byte on, and writes down what the tool sent, packet by packet and without what
 * may differ between two tools that do the same: acknowledgements, pings, Client Identifiers of chance, and limits that each
 * program has for itself.
 */
export class ToolRelay {
  /** What the tool sent, in order. */
  readonly packets: string[] = []
  /** Called when the broker has answered a SUBSCRIBE. */
  onGranted: () => void = () => {}
  readonly #server: Server
  readonly #brokerPort: number

  constructor(brokerPort: number) {
    this.#brokerPort = brokerPort
    this.#server = createServer(socket => this.#relay(socket))
  }

  /** @returns the port for the tool */
  async listen(): Promise<number> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as { port: number }).port
  }

  close(): void {
    this.#server.close()
  }

  #relay(tool: Socket): void {
    const broker = connectTcp(this.#brokerPort, '127.0.0.1')
    const fromTool = new PacketDecoder({ receiver: 'server', allowsControlCharacters: true })
    let fromBroker: PacketDecoder | undefined
    tool.on('data', chunk => {
      this.#read(fromTool, chunk, packet => this.#sent(packet))
      fromBroker ??= fromTool.version && new PacketDecoder({ receiver: 'client', version: fromTool.version })
      broker.write(chunk)
    })
    broker.on('data', chunk => {
      if (fromBroker) this.#read(fromBroker, chunk, packet => this.#answered(packet))
      tool.write(chunk)
    })
    for (const [from, to] of [
      [tool, broker],
      [broker, tool],
    ] as const) {
      from.on('error', () => to.destroy()).on('end', () => to.end())
    }
  }

  #read(decoder: PacketDecoder, chunk: Buffer, use: (packet: Packet) => void): void {
    decoder.push(Buffer.from(chunk))
    for (let packet = decoder.next(); packet; packet = decoder.next()) use(packet)
  }

  #sent(packet: Packet): void {
    this.packets.push(...summary(packet))
  }

  #answered(packet: Packet): void {
    if (packet.type === PacketType.Suback) this.onGranted()
  }
}

/**
 * A packet in lines; none for those that are not compared. One UNSUBSCRIBE may have several filters or there may be several packets,
 * and a filter that is there twice counts once. A DISCONNECT that says nothing may get lost when the broker still sends.
 */
function summary(packet: Packet): string[] {
  const { properties } = packet as { properties?: object }
  switch (packet.type) {
    case PacketType.Connect: {
      const { protocolVersion, cleanStart, keepAlive, userName, password, will } = packet
      return line('CONNECT', { protocolVersion, cleanStart, keepAlive, userName, password, will }, properties)
    }
    case PacketType.Publish: {
      const { topic, qos, retain, dup, payload } = packet
      return line('PUBLISH', { topic, qos, retain, dup, payload }, properties)
    }
    case PacketType.Subscribe: {
      const subscriptions = [...new Map(packet.subscriptions.map(each => [each.filter, each])).values()]
      return line('SUBSCRIBE', { subscriptions }, properties)
    }
    case PacketType.Unsubscribe:
      return packet.filters.flatMap(filter => line('UNSUBSCRIBE', { filter }, properties))
    case PacketType.Disconnect: {
      const isPlain = packet.reasonCode === 0 && Object.keys(packet.properties).length === 0
      return isPlain ? [] : line('DISCONNECT', { reasonCode: packet.reasonCode }, properties)
    }
    default:
      return []
  }
}

/** Limits of the program itself, and what is the same whether it is said or not. */
const unsaid = ['receiveMaximum', 'topicAliasMaximum', 'maximumPacketSize', 'topicAlias']

function line(name: string, fields: object, properties: object = {}): string[] {
  const entries = Object.entries(properties).filter(
    ([key, value]) => !unsaid.includes(key) && value !== undefined && !(key === 'sessionExpiryInterval' && value === 0),
  )
  const all = { ...fields, properties: Object.fromEntries(entries.sort()) }
  const bytesAsText = (_: string, value: { type?: string; data?: number[] } | undefined): unknown =>
    value?.type === 'Buffer' ? Buffer.from(value.data ?? []).toString('latin1') : value
  return [`${name} ${JSON.stringify(all, bytesAsText)}`]
}
