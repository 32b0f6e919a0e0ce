import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Signal, within } from '../bounded-wait.ts'
import { ChildProcess } from '../child-process.ts'
import type { MessageProperties, QoS } from '../inbox.ts'
import {
  type ClientFamily,
  type ConnectOptions,
  InteropClient,
  type OutgoingMessage,
  variants,
} from '../interop-client.ts'
import type { Link } from '../link.ts'

/** Debian's own interpreter: a python3 that stands before it on the PATH has not Debian's packages. */
const PYTHON = '/usr/bin/python3'
const PAHO_PACKAGE = '/usr/lib/python3/dist-packages/paho'

/** python3-paho-mqtt 1.6, the client of Home Assistant and Frigate. */
export const pythonPaho: ClientFamily = {
  name: 'python3-paho-mqtt',
  unavailable: existsSync(PAHO_PACKAGE)
    ? undefined
    : 'python3-paho-mqtt is not installed: apt-get install python3-paho-mqtt',
  variants: variants([3, 4, 5], ['tcp', 'ws']),
  start: async () => {
    driver = new PahoDriver()
  },
  stop: async () => driver?.stop(),
  open: (options, link) => PythonPahoClient.open(driver!, options, link), // `start` comes before `open`.
}

interface WireProperties extends Omit<MessageProperties, 'correlationData'> {
  readonly correlationData: string
}

/** A line that the driver prints. Payloads and Correlation Data are in base64. */
type DriverEvent = { readonly client: string } & (
  | { readonly event: 'done'; readonly call: number; readonly number: number | null }
  | { readonly event: 'failed'; readonly call: number; readonly error: string }
  | { readonly event: 'connected'; readonly reasonCode: number; readonly sessionPresent: boolean }
  | { readonly event: 'disconnected'; readonly reasonCode?: number }
  | { readonly event: 'acknowledged'; readonly number: number; readonly granted?: number[] }
  | {
      readonly event: 'message'
      readonly topic: string
      readonly payload: string
      readonly qos: QoS
      readonly retain: boolean
      readonly dup: boolean
      readonly properties?: WireProperties
    }
)

/** The one Python process of a test file, in which all its clients live. */
class PahoDriver {
  readonly #process = new ChildProcess(PYTHON, [fileURLToPath(new URL('paho-driver.py', import.meta.url))])
  readonly #calls = new Map<number, Signal<number | null>>()
  readonly #clients = new Map<string, (event: DriverEvent) => void>()
  #lastCall = 0

  constructor() {
    this.#process.onLine(line => this.#read(line))
  }

  stop(): Promise<void> {
    return this.#process.stop('SIGKILL')
  }

  /** Names a new client, whose events go to `listener`. */
  register(listener: (event: DriverEvent) => void): string {
    const name = `client ${this.#clients.size + 1}`
    this.#clients.set(name, listener)
    return name
  }

  /** Resolves to paho's number of the request, under which its acknowledgement will come. */
  call(client: string, action: string, fields: object = {}): Promise<number | null> {
    const call = ++this.#lastCall
    const done = new Signal<number | null>()
    this.#calls.set(call, done)
    this.#process.write(`${JSON.stringify({ client, do: action, call, ...fields })}\n`)
    return within(done.promise, () => `Python to ${action}; it printed:\n${this.#process.lines.slice(-5).join('\n')}`)
  }

  #read(line: string): void {
    if (!line.startsWith('{')) return // A traceback, which the next failing wait shows.
    const event = JSON.parse(line) as DriverEvent // Our own driver wrote it.
    if (event.event === 'done') this.#calls.get(event.call)?.resolve(event.number)
    else if (event.event === 'failed') this.#calls.get(event.call)?.reject(new Error(`Python: ${event.error}`))
    else this.#clients.get(event.client)?.(event)
  }
}

let driver: PahoDriver | undefined

export class PythonPahoClient extends InteropClient {
  readonly #driver: PahoDriver
  readonly #name: string
  readonly #connected = new Signal<void>()
  readonly #acknowledgements = new Map<number | null, Signal<readonly number[] | undefined>>()
  readonly #version: number

  private constructor(driver: PahoDriver, options: ConnectOptions, link: Link) {
    super(link)
    this.#driver = driver
    this.#version = options.version
    this.#name = driver.register(event => this.#handle(event))
  }

  static async open(driver: PahoDriver, options: ConnectOptions, link: Link): Promise<InteropClient> {
    const client = new PythonPahoClient(driver, options, link)
    const { will, subscriptions } = options
    const wireWill = will && { ...will, retain: will.retain ?? false, payload: base64(will.payload) }
    await client.#call('connect', { ...options, will: wireWill, host: link.host, port: link.port })
    await within(client.#connected.promise, () => 'CONNACK')
    if (subscriptions.length > 0) client.granted = (await client.#acknowledged('subscribe', { subscriptions })) ?? []
    return client
  }

  async publish({ topic, payload, qos, retain = false, properties }: OutgoingMessage): Promise<void> {
    const wire = properties && { ...properties, correlationData: base64(properties.correlationData) }
    await this.#acknowledged('publish', { topic, payload: base64(payload), qos, retain, properties: wire })
  }

  async unsubscribe(filter: string): Promise<void> {
    await this.#acknowledged('unsubscribe', { filter })
  }

  /** SUBSCRIBE once more, as Home Assistant does to have retained messages sent again. */
  async subscribeAgain(subscriptions: ConnectOptions['subscriptions']): Promise<void> {
    await this.#acknowledged('subscribe', { subscriptions })
  }

  async disconnect(): Promise<void> {
    await this.#call('disconnect')
    await this.disconnected()
  }

  async dispose(): Promise<void> {
    await this.#call('disconnect')
  }

  #call(action: string, fields: object = {}): Promise<number | null> {
    return this.#driver.call(this.#name, action, fields)
  }

  async #acknowledged(action: string, fields: object): Promise<readonly number[] | undefined> {
    const number = await this.#call(action, fields)
    const granted = await within(this.#acknowledgement(number).promise, () => `the acknowledgement of ${action}`)
    this.#acknowledgements.delete(number) // paho uses its numbers again.
    return granted
  }

  #acknowledgement(number: number | null): Signal<readonly number[] | undefined> {
    const signal = this.#acknowledgements.get(number) ?? new Signal()
    this.#acknowledgements.set(number, signal)
    return signal
  }

  #handle(event: DriverEvent): void {
    switch (event.event) {
      case 'connected':
        if (this.#version > 3) this.sessionPresent = event.sessionPresent
        if (event.reasonCode === 0) this.#connected.resolve()
        else this.#connected.reject(new Error(`CONNACK has the Reason Code ${event.reasonCode}`))
        return
      case 'disconnected':
        this.noticeDisconnected(event.reasonCode)
        return
      case 'acknowledged':
        this.#acknowledgement(event.number).resolve(event.granted)
        return
      case 'message':
        this.#receive(event)
    }
  }

  #receive({ payload, properties, ...message }: DriverEvent & { event: 'message' }): void {
    this.inbox.push({
      topic: message.topic,
      payload: Buffer.from(payload, 'base64'),
      qos: message.qos,
      retain: message.retain,
      dup: message.dup,
      properties: properties && { ...properties, correlationData: Buffer.from(properties.correlationData, 'base64') },
    })
  }
}

function base64(bytes: string | Buffer): string {
  return Buffer.from(bytes).toString('base64')
}
