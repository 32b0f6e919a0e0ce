import { within } from '../bounded-wait.ts'
import { ChildProcess } from '../child-process.ts'
import type { MessageProperties, QoS } from '../inbox.ts'
import {
  type ClientFamily,
  type ConnectOptions,
  InteropClient,
  type OutgoingMessage,
  type ProtocolVersion,
  type Subscription,
  type Variant,
} from '../interop-client.ts'
import type { Link } from '../link.ts'
import { missingProgram } from '../peers.ts'

/** mosquitto_sub and mosquitto_pub. They speak no WebSocket before their version 2.1. */
export const mosquittoTools: ClientFamily = {
  name: 'mosquitto_pub and mosquitto_sub',
  unavailable: missingProgram('mosquitto_pub', 'mosquitto-clients'),
  variants: ([3, 4, 5] as const).map(toolVariant),
  open: (options, link) => MosquittoTools.open(options, link),
}

function toolVariant(version: ProtocolVersion): Variant {
  const unsubscribe = 'mosquitto_sub unsubscribes only before it receives anything'
  if (version < 5) return { version, transport: 'tcp', lacks: { UNSUBSCRIBE: unsubscribe } }
  return {
    version,
    transport: 'tcp',
    lacks: {
      UNSUBSCRIBE: unsubscribe,
      'the Reason Code of DISCONNECT': 'mosquitto_sub does not print it',
      'DISCONNECT that discards the Will Message':
        'mosquitto_sub disconnects with 0x04, which publishes the Will Message',
    },
  }
}

const VERSION_ARGUMENTS: Record<ProtocolVersion, string> = { 3: 'mqttv31', 4: 'mqttv311', 5: 'mqttv5' }

/** One line for each message: QoS, RETAIN, the payload in hexadecimal, the Topic Name and, in MQTT 5.0, properties. */
const MESSAGE_FORMAT = 'MESSAGE|%q|%r|%x|%t'
const MESSAGE_FORMAT_5 = `${MESSAGE_FORMAT}|%C|%R|%D|%P`

/**
 * A mosquitto_sub that runs as long as the client is open, if it subscribes to anything, and a mosquitto_pub, on a
 * connection and with a client identifier of its own, for each message.
 */
class MosquittoTools extends InteropClient {
  readonly #options: ConnectOptions
  #subscriber: ChildProcess | undefined
  /** DUP of the PUBLISH that mosquitto_sub has announced and not printed yet. */
  #dup = false

  private constructor(options: ConnectOptions, link: Link) {
    super(link)
    this.#options = options
    link.closed.then(() => this.noticeDisconnected())
  }

  static async open(options: ConnectOptions, link: Link): Promise<InteropClient> {
    const client = new MosquittoTools(options, link)
    const subscriptions = [...options.subscriptions, ...options.resumes]
    if (subscriptions.length > 0) await client.#subscribe(subscriptions)
    return client
  }

  async publish({ topic, payload, qos, retain = false, properties }: OutgoingMessage): Promise<void> {
    const { host, brokerPort } = this.link
    const publisher = new ChildProcess('mosquitto_pub', [
      ...connectionArguments(host, brokerPort, this.#options.version),
      ...['-t', topic, '-q', String(qos)],
      ...(retain ? ['-r'] : []),
      ...(payload.length === 0 ? ['-n'] : ['-s']),
      ...(properties === undefined ? [] : propertyArguments(properties)),
    ])
    publisher.endInput(payload)
    await publisher.success()
  }

  unsubscribe(): Promise<void> {
    return Promise.reject(new Error('mosquitto_sub cannot unsubscribe while it runs'))
  }

  /** mosquitto_sub sends DISCONNECT when it is asked to terminate. */
  async disconnect(): Promise<void> {
    await this.#subscriber?.stop('SIGTERM')
  }

  async dispose(): Promise<void> {
    await this.#subscriber?.stop('SIGKILL')
  }

  async #subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    const options = this.#options
    const format = options.version === 5 ? MESSAGE_FORMAT_5 : MESSAGE_FORMAT
    // stdbuf, because into a pipe the tool would print its SUBACK only together with the first message.
    this.#subscriber = new ChildProcess('stdbuf', [
      ...['-oL', 'mosquitto_sub'],
      ...connectionArguments(this.link.host, this.link.port, options.version),
      ...['-d', '-F', format, '-i', options.clientId, '-k', String(options.keepAlive)],
      ...(options.clean ? [] : ['-c']),
      ...(options.version === 5 ? ['-x', String(options.sessionExpiryInterval)] : []),
      ...subscriptions.flatMap(({ filter }) => ['-t', filter]),
      ...['-q', String(subscriptions[0]!.qos)], // One QoS for all filters is all that the tool can express.
      ...willArguments(options.will),
    ])
    this.#subscriber.onLine(line => this.#read(line))
    const suback = await within(this.#subscriber.line(/^Subscribed \(mid: \d+\): /), () => 'SUBACK')
    this.granted = suback.replace(/^.*: /, '').split(', ').map(Number)
  }

  #read(line: string): void {
    const announced = /received PUBLISH \(d(\d)/.exec(line)
    if (announced !== null) this.#dup = announced[1] === '1'
    if (!line.startsWith('MESSAGE|')) return
    const [, qos, retain, payload = '', topic = '', ...properties] = line.split('|')
    this.inbox.push({
      topic,
      payload: Buffer.from(payload, 'hex'),
      qos: Number(qos) as QoS, // The tool prints the two bits of the packet.
      retain: retain === '1',
      dup: this.#dup,
      properties: messageProperties(properties),
    })
  }
}

function connectionArguments(host: string, port: number, version: ProtocolVersion): string[] {
  return ['-h', host, '-p', String(port), '-V', VERSION_ARGUMENTS[version]]
}

/** Asks with mosquitto_rr and resolves to what it prints. */
export async function request(link: Link, version: ProtocolVersion, args: readonly string[]): Promise<string> {
  const requester = new ChildProcess('mosquitto_rr', [
    ...connectionArguments(link.host, link.brokerPort, version),
    ...args,
  ])
  await requester.success()
  return requester.lines.join('\n')
}

function willArguments(will: OutgoingMessage | undefined): string[] {
  if (will === undefined) return []
  const { topic, payload, qos, retain } = will
  const message = ['--will-topic', topic, '--will-payload', payload.toString(), '--will-qos', String(qos)]
  return retain ? [...message, '--will-retain'] : message
}

function propertyArguments(properties: MessageProperties): string[] {
  const { contentType, responseTopic, correlationData, userProperties } = properties
  return [
    ...['-D', 'publish', 'content-type', contentType],
    ...['-D', 'publish', 'response-topic', responseTopic],
    ...['-D', 'publish', 'correlation-data', correlationData.toString()],
    ...userProperties.flatMap(([name, value]) => ['-D', 'publish', 'user-property', name, value]),
  ]
}

/** User properties are printed as `name:value` with a space between two of them. */
function messageProperties(printed: readonly string[]): MessageProperties | undefined {
  const [contentType, responseTopic = '', correlationData = '', userProperties = ''] = printed
  if (!contentType) return undefined
  const pairs = userProperties
    .split(' ')
    .map(pair => pair.split(':'))
    .map(([name = '', value = '']) => [name, value] as const)
  return { contentType, responseTopic, correlationData: Buffer.from(correlationData), userProperties: pairs }
}
