import type { ClientFamily, ConnectOptions, InteropClient, Variant } from './interop-client.ts'
import { Link } from './link.ts'
import type { Target } from './target.ts'

let stages = 0

/** Where one test plays: its own topics and client identifiers, and the clients it has opened, to be cleared away. */
export class Stage {
  /** The first level of every topic of this test. */
  readonly root: string
  readonly variant: Variant
  readonly #target: Target
  readonly #family: ClientFamily
  readonly #links: Link[] = []
  readonly #clients: InteropClient[] = []

  constructor(target: Target, family: ClientFamily, variant: Variant) {
    this.root = `interop-${process.pid}-${++stages}`
    this.variant = variant
    this.#target = target
    this.#family = family
  }

  topic(name: string): string {
    return `${this.root}/${name}`
  }

  clientId(name: string): string {
    return `${name}-${process.pid % 10_000}-${stages}`
  }

  /** Connects a client of the family, as this variant does, through a link of its own. */
  async open(options: Partial<ConnectOptions> = {}): Promise<InteropClient> {
    const { version, transport } = this.variant
    const port = transport === 'tcp' ? this.#target.mqttPort : this.#target.webSocketPort
    const link = await Link.open(this.#target.host, port)
    this.#links.push(link)
    const client = await this.#family.open(
      {
        version,
        transport,
        clientId: this.clientId(`client${this.#links.length}`),
        clean: true,
        sessionExpiryInterval: 0,
        keepAlive: 60,
        subscriptions: [],
        resumes: [],
        ...options,
      },
      link,
    )
    this.#clients.push(client)
    return client
  }

  /** A client that subscribes to these filters at one QoS. */
  subscriber(qos: 0 | 1 | 2, ...filters: string[]): Promise<InteropClient> {
    return this.open({ subscriptions: filters.map(filter => ({ filter, qos })) })
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map(client => client.dispose()))
    await Promise.all(this.#links.map(link => link.close()))
  }
}
