import { randomBytes } from 'node:crypto'
import type { Client, ReceivedMessage } from '@curlew/client'
import { ClientSession, type SessionPlan } from '../client/client-session.ts'
import { noPacketProperties } from '../client/connect-options.ts'
import { ToolExitCode } from '../client/connection-fault.ts'
import { messageOutput } from '../client/message-output.ts'
import { type MessagePrinter, messagePrinter } from '../client/message-printer.ts'
import { type PayloadSource, payloadSource } from '../client/payload-source.ts'
import { publishOptions } from '../client/publish-options.ts'
import { serverAddress } from '../client/server-address.ts'
import type { StateLine } from '../client/state-line.ts'
import { runTool } from '../client/tool-run.ts'
import { UnprintableError } from '../client/unprintable-error.ts'
import { CommandError } from '../command-error.ts'
import { commandLine } from '../command-line.ts'
import type { RequestFlags } from './request-flags.ts'

/** Bytes of a response topic of our own: so many that nobody else listens there by chance. */
const TOPIC_BYTES = 12

/**
 * `curlew request`: publishes a request, prints the first message that comes to its response topic, and ends. With `-l` each line of
 * standard input is a request, published when the one before it has its response.
 *
 * @throws {CommandError} when there is no response in time
 */
export async function request(flags: RequestFlags): Promise<void> {
  const address = serverAddress(flags)
  const source = await payloadSource(flags, process.stdin)
  const topic = flags.topic ?? address.topic
  if (source === undefined || topic === undefined) {
    const message = `request needs ${topic === undefined ? 'a topic (-t)' : 'a message (-m, -f, -l, -s or -n)'}`
    throw new CommandError(ToolExitCode.Failed, message, [commandLine(['request', '-t', 'clock/now', '-m', 'UTC'])])
  }
  if (flags.property?.publish.responseTopic !== undefined) {
    throw new CommandError(ToolExitCode.Failed, 'the response topic is given with -e, not with -D')
  }
  const printer = await messagePrinter(flags, process.stdout)
  await runTool(flags, async state => {
    await new RequestRun(flags, { flags, address, state }, topic, printer).run(source)
  })
}

/** One run of the command. */
class RequestRun {
  readonly #flags: RequestFlags
  readonly #plan: SessionPlan
  readonly #topic: string
  readonly #printer: MessagePrinter
  /** The topic on which the present request is answered; messages on others come too late. */
  #responseTopic = ''
  #respond: (message: ReceivedMessage) => void = () => {}

  constructor(flags: RequestFlags, plan: SessionPlan, topic: string, printer: MessagePrinter) {
    this.#flags = flags
    this.#plan = plan
    this.#topic = topic
    this.#printer = printer
  }

  async run(source: PayloadSource): Promise<void> {
    const session = await ClientSession.open(this.#plan, {})
    let isTimedOut = false
    try {
      isTimedOut = !(await session.during(this.#askAll(session.client, source)))
    } finally {
      await session.close(isTimedOut)
    }
    if (isTimedOut) {
      throw new CommandError(ToolExitCode.TimedOut, 'Timed out', [`is somebody subscribed to ${this.#topic}?`])
    }
  }

  /** @returns whether every request has had its response in time; after one that has not, there are no more */
  async #askAll(client: Client, source: PayloadSource): Promise<boolean> {
    if ('one' in source) {
      const responseTopic = this.#flags.responseTopic ?? ownTopic(client)
      const response = this.#responseOn(responseTopic) // a retained message comes with the subscription, and is one
      return this.#inTime(async () => {
        await this.#subscribe(client, responseTopic)
        return this.#ask(client, source.one, response)
      })
    }
    return this.#askEach(client, source.lines)
  }

  async #askEach(client: Client, lines: AsyncIterable<Uint8Array>): Promise<boolean> {
    const { responseTopic } = this.#flags
    const own = ownTopic(client)
    await this.#subscribe(client, responseTopic ?? `${own}/+`)
    let count = 0
    for await (const line of lines) {
      // A topic for each request: what comes late for one is not taken for the response to the next.
      const response = this.#responseOn(responseTopic ?? `${own}/${++count}`)
      if (!(await this.#inTime(() => this.#ask(client, line, response)))) return false
    }
    return true
  }

  /** @returns whether there was a response within the time of `-W`, which then has been printed */
  async #inTime(ask: () => Promise<ReceivedMessage>): Promise<boolean> {
    const { timeout } = this.#flags
    let timer: NodeJS.Timeout | undefined
    const timedOut = new Promise<undefined>(resolve => {
      if (timeout !== undefined) timer = setTimeout(resolve, timeout * 1000, undefined)
    })
    const message = await Promise.race([ask(), timedOut]).finally(() => clearTimeout(timer))
    if (message) await print(message, this.#printer, this.#plan.state)
    return message !== undefined
  }

  async #subscribe(client: Client, filter: string): Promise<void> {
    const { skipRetained, retainAsPublished = false, qos, property } = this.#flags
    const { subscribe } = property ?? noPacketProperties
    await client.subscribe(filter, {
      qos,
      retainAsPublished,
      retainHandling: skipRetained ? 2 : 0,
      subscriptionIdentifier: subscribe.subscriptionIdentifiers?.[0] ?? 0,
      ...(subscribe.userProperties && { userProperties: subscribe.userProperties }),
      handler: message => {
        if (message.topic === this.#responseTopic) this.#respond(message.keep())
      },
    })
  }

  /** @returns the next message on this topic */
  #responseOn(topic: string): Promise<ReceivedMessage> {
    this.#responseTopic = topic
    return new Promise(resolve => {
      this.#respond = resolve
    })
  }

  async #ask(client: Client, payload: Uint8Array, response: Promise<ReceivedMessage>): Promise<ReceivedMessage> {
    const { latency, quiet } = this.#flags
    const { state } = this.#plan
    const responseTopic = this.#responseTopic
    state.show(`waiting for a response from ${this.#topic} on ${responseTopic}`)
    const begun = performance.now()
    const options = publishOptions(this.#flags, false)
    const properties = { ...options.properties, responseTopic }
    const { isMatched } = await client.publish(this.#topic, payload, { ...options, properties })
    if (isMatched === false && !quiet) state.note(`nobody is subscribed to ${this.#topic}`)
    const message = await response
    if (latency) state.note(`latency: ${(performance.now() - begun).toFixed(3)} ms`)
    return message
  }
}

function ownTopic({ server }: Client): string {
  return `${server.responseInformation ?? 'response/'}${randomBytes(TOPIC_BYTES).toString('hex')}`
}

async function print(message: ReceivedMessage, printer: MessagePrinter, state: StateLine): Promise<void> {
  const output = messageOutput({}, process.stdout, state)
  try {
    await output.write(printer.print(message))
  } catch (error) {
    if (!(error instanceof UnprintableError)) throw error
    state.note(`Error: ${error.message}`)
    await output.write(error.printable)
  }
  await output.flush()
}
