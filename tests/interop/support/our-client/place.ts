import { type Client, type ConnectOptions, connect, type ReceivedMessage, type Subscription } from '@curlew/client'
import { onTestFinished } from 'vitest'
import { within } from '../bounded-wait.ts'
import type { ProtocolVersion, Transport } from '../interop-client.ts'
import { Link } from '../link.ts'
import type { Target } from '../target.ts'

let places = 0

/** Where one test of our client plays: its topics and client identifiers at one Server, in one version, over one transport. */
export class Place {
  readonly version: ProtocolVersion
  readonly #target: Target
  readonly #transport: Transport
  readonly #root = `our-client-${process.pid}-${++places}`

  constructor(target: Target, version: ProtocolVersion, transport: Transport) {
    this.#target = target
    this.version = version
    this.#transport = transport
  }

  topic(name: string): string {
    return `${this.#root}/${name}`
  }

  /** At most 23 characters, which is all that MQTT 3.1 allows. */
  clientId(name: string): string {
    return `${name}-${process.pid % 10_000}-${places}`
  }

  /** The Server's address, or that of a link to it. */
  url(port?: number): string {
    const { host, mqttPort, webSocketPort } = this.#target
    return this.#transport === 'tcp'
      ? `mqtt://${host}:${port ?? mqttPort}`
      : `ws://${host}:${port ?? webSocketPort}/mqtt`
  }

  /** A client, closed when the test is over. Lost connections come back at once. */
  async open(options: ConnectOptions = {}, url: string | URL = this.url()): Promise<Client> {
    const opening = connect(url, {
      protocolVersion: this.version,
      reconnect: { delayMs: 1, delayMaxMs: 50 },
      ...options,
    })
    const client = await within(opening, () => `a connection to ${String(url)}`)
    onTestFinished(() => client.close())
    return client
  }

  /** A cable to the Server that can be cut, for one connection. */
  async link(): Promise<Link> {
    const { host, mqttPort, webSocketPort } = this.#target
    const link = await Link.open(host, this.#transport === 'tcp' ? mqttPort : webSocketPort)
    onTestFinished(() => link.close())
    return link
  }
}

/** The next message of a Subscription; fails with an explanation when none comes. */
export async function nextOf(subscription: Subscription): Promise<ReceivedMessage> {
  const { value } = await within(subscription.next(), () => `a message on ${subscription.filters.join(', ')}`)
  if (!value) throw new Error(`the Subscription to ${subscription.filters.join(', ')} has ended`)
  return value
}

/** The texts of all messages up to, not including, the one that says `end`. */
export async function textsUntil(end: string, subscription: Subscription): Promise<string[]> {
  const texts: string[] = []
  for (let text = (await nextOf(subscription)).text(); text !== end; text = (await nextOf(subscription)).text()) {
    texts.push(text)
  }
  return texts
}
