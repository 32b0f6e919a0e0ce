import { Signal, within } from '../bounded-wait.ts'
import type { ChildProcess } from '../child-process.ts'
import type { MessageProperties, QoS } from '../inbox.ts'
import {
  type ClientFamily,
  type ConnectOptions,
  InteropClient,
  type OutgoingMessage,
  type Subscription,
  type Variant,
  variants,
} from '../interop-client.ts'
import type { Link } from '../link.ts'
import { SLOT_GLOBALS, SLOTS, slotFlows } from '../node-red/client-slots.ts'
import { NodeRed } from '../node-red/node-red-process.ts'
import { missingPeer } from '../peers.ts'
import { isMosquittoTarget } from '../target.ts'

const lacks: Variant['lacks'] = {
  'many filters in one SUBSCRIBE': 'Node-RED sends one SUBSCRIBE for each filter',
  'the Reason Code of DISCONNECT': 'Node-RED only writes it into its log',
}

/**
 * Node-RED hears nothing before MQTT.js has told it of CONNACK, which takes MQTT.js some ticks: messages in WebSocket
 * frames of their own, as Mosquitto sends them, but in the same TCP segment as CONNACK, are acknowledged and lost.
 */
const lacksOnMosquitto: Variant['lacks'] = {
  ...lacks,
  'messages right behind CONNACK': 'Node-RED loses messages in WebSocket frames that come together with CONNACK',
}

/** Too long for a test: whether Node-RED connects again by itself is tested elsewhere. */
const RECONNECT_MS = 600_000

interface SlotMessage {
  readonly topic: string
  readonly payload: string
  readonly qos: QoS
  readonly retain: boolean
  readonly contentType?: string
  readonly responseTopic?: string
  readonly correlationData?: string
  readonly userProperties?: Record<string, string | string[]>
}

type SlotEvent = { readonly slot: number } & (
  | { readonly event: 'done'; readonly call: number }
  | { readonly event: 'failed'; readonly call: number; readonly error: string }
  | { readonly event: 'status'; readonly isConnected: boolean }
  | ({ readonly event: 'message' } & SlotMessage)
)

/** The `mqtt in` and `mqtt out` nodes of a headless Node-RED. */
export function nodeRed(): ClientFamily {
  let slots: NodeRedSlots | undefined
  return {
    name: 'Node-RED',
    unavailable: missingPeer('node-red'),
    variants: [
      ...variants([3, 4, 5], ['tcp']).map(variant => ({ ...variant, lacks })),
      ...variants([3, 4, 5], ['ws']).map(variant => ({
        ...variant,
        lacks: isMosquittoTarget ? lacksOnMosquitto : lacks,
      })),
    ],
    start: async () => {
      slots = await NodeRedSlots.start()
    },
    stop: async () => slots?.stop(),
    open: (options, link) => NodeRedClient.open(slots!, options, link), // `start` comes before `open`.
  }
}

/** The one Node-RED of a test file. */
class NodeRedSlots {
  readonly #nodeRed: NodeRed
  readonly #process: ChildProcess
  readonly #calls = new Map<number, Signal<void>>()
  readonly #listeners = new Map<number, (event: SlotEvent) => void>()
  readonly #freeSlots = Array.from({ length: SLOTS }, (_unused, slot) => slot)
  /** The clients that have a slot, connected or not, by client identifier. */
  readonly #clients = new Map<string, NodeRedClient>()
  #lastCall = 0

  private constructor(nodeRed: NodeRed, childProcess: ChildProcess) {
    this.#nodeRed = nodeRed
    this.#process = childProcess
    childProcess.onLine(line => {
      if (line.startsWith('{"slot"')) this.#read(JSON.parse(line) as SlotEvent) // Our own flow wrote it.
    })
  }

  static async start(): Promise<NodeRedSlots> {
    const nodeRed = await NodeRed.create({ flows: slotFlows(), reconnectMs: RECONNECT_MS, globals: SLOT_GLOBALS })
    return new NodeRedSlots(nodeRed, await nodeRed.start())
  }

  stop(): Promise<void> {
    return this.#nodeRed.remove()
  }

  /** A slot that has never heard of any filter, or forgotten them all. */
  take(client: NodeRedClient, clientId: string): number {
    const slot = this.#freeSlots.shift()
    if (slot === undefined) throw new Error(`more than ${SLOTS} clients of Node-RED are open`)
    this.#clients.set(clientId, client)
    return slot
  }

  /**
   * The slot whose nodes began the Session of this client identifier, unless they are still connected. A Session is
   * resumed there, because Node-RED ignores messages with a Subscription Identifier that other nodes chose.
   */
  inherit(client: NodeRedClient, clientId: string): number | undefined {
    const slot = this.#clients.get(clientId)?.giveSlot()
    if (slot !== undefined) this.#clients.set(clientId, client)
    return slot
  }

  listen(slot: number, listener: (event: SlotEvent) => void): void {
    this.#listeners.set(slot, listener)
  }

  release(slot: number): void {
    this.#listeners.delete(slot)
    this.#freeSlots.push(slot)
  }

  /** Resolves when the node has completed what it was told. */
  call(slot: number, action: string, fields: object = {}): Promise<void> {
    const call = ++this.#lastCall
    const done = new Signal<void>()
    this.#calls.set(call, done)
    this.#process.write(`${JSON.stringify({ slot, call, action, ...fields })}\n`)
    return within(done.promise, () => `Node-RED to ${action}`)
  }

  #read(event: SlotEvent): void {
    if (event.event === 'done') this.#calls.get(event.call)?.resolve()
    else if (event.event === 'failed') this.#calls.get(event.call)?.reject(new Error(`Node-RED: ${event.error}`))
    else this.#listeners.get(event.slot)?.(event)
  }
}

class NodeRedClient extends InteropClient {
  readonly #slots: NodeRedSlots
  readonly #slot: number
  #isConnected = false
  /** Whether the slot is still this client's. */
  #hasSlot = true

  /** What the nodes have to be told to subscribe to: nothing, if they have been before. */
  readonly #subscriptions: readonly Subscription[]

  private constructor(slots: NodeRedSlots, { clientId, subscriptions, resumes }: ConnectOptions, link: Link) {
    super(link)
    this.#slots = slots
    const inherited = resumes.length > 0 ? slots.inherit(this, clientId) : undefined
    this.#slot = inherited ?? slots.take(this, clientId)
    this.#subscriptions = inherited === undefined ? [...subscriptions, ...resumes] : subscriptions
    slots.listen(this.#slot, event => this.#handle(event))
  }

  static async open(slots: NodeRedSlots, options: ConnectOptions, link: Link): Promise<InteropClient> {
    const client = new NodeRedClient(slots, options, link)
    const filters = client.#subscriptions.map(({ filter, qos }) => ({ topic: filter, qos }))
    // Before the connection, because Node-RED hands nothing over that comes before it has subscribed.
    if (filters.length > 0) await client.#call('subscribe', { topic: filters })
    await client.#call('connect', { broker: brokerSettings(options, link) })
    await client.#flush()
    return client
  }

  /** Leaves the slot to a client that resumes the Session. */
  giveSlot(): number | undefined {
    if (this.#isConnected || !this.#hasSlot) return undefined
    this.#hasSlot = false
    return this.#slot
  }

  async publish({ topic, payload, qos, retain = false, properties }: OutgoingMessage): Promise<void> {
    const wire = properties && {
      ...properties,
      correlationData: base64(properties.correlationData),
      userProperties: Object.fromEntries(properties.userProperties),
    }
    await this.#call('publish', { message: { topic, payload: base64(payload), qos, retain, ...wire } })
  }

  async unsubscribe(filter: string): Promise<void> {
    await this.#call('unsubscribe', { topic: filter })
    await this.#flush()
  }

  async disconnect(): Promise<void> {
    await this.#call('disconnect')
    this.#isConnected = false
  }

  async dispose(): Promise<void> {
    if (!this.#hasSlot) return
    this.#hasSlot = false
    await this.#call('disconnect')
    await this.#call('unsubscribe', { topic: true }) // Makes the node forget its filters; nothing is sent any more.
    this.#slots.release(this.#slot)
  }

  /** Node-RED tells nobody of SUBACK, but the PUBACK of what it sends next comes after it. */
  #flush(): Promise<void> {
    return this.publish({ topic: 'node-red/flush', payload: '', qos: 1 })
  }

  #call(action: string, fields: object = {}): Promise<void> {
    return this.#slots.call(this.#slot, action, fields)
  }

  #handle(event: SlotEvent): void {
    if (event.event === 'status') {
      if (this.#isConnected && !event.isConnected) this.noticeDisconnected()
      this.#isConnected = event.isConnected
    }
    if (event.event !== 'message') return
    const { topic, payload, qos, retain } = event
    const bytes = Buffer.from(payload, 'base64')
    this.inbox.push({ topic, payload: bytes, qos, retain, dup: 'unknown', properties: messageProperties(event) })
  }
}

/** Everything that an earlier user of the slot may have set is set anew. */
function brokerSettings(options: ConnectOptions, link: Link): object {
  const { version, transport, clientId, clean, keepAlive, sessionExpiryInterval, will } = options
  const scheme = transport === 'ws' ? 'ws' : 'mqtt'
  return {
    broker: `${scheme}://${link.host}:${link.port}`,
    clientid: clientId,
    protocolVersion: version,
    cleansession: clean,
    keepalive: keepAlive,
    sessionExpiryInterval,
    will: will ?? {},
  }
}

function base64(bytes: string | Buffer): string {
  return Buffer.from(bytes).toString('base64')
}

function messageProperties(message: SlotMessage): MessageProperties | undefined {
  const { contentType, responseTopic = '', correlationData = '', userProperties = {} } = message
  if (contentType === undefined) return undefined
  return {
    contentType,
    responseTopic,
    correlationData: Buffer.from(correlationData, 'base64'),
    userProperties: Object.entries(userProperties).flatMap(([name, value]) =>
      [value].flat().map(one => [name, one] as const),
    ),
  }
}
