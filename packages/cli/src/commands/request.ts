import { randomBytes } from 'node:crypto'
import type { Client, ReceivedMessage } from '@curlew/client'
import { ClientSession, type SessionPlan } from '../client/client-session.ts'
import { noPacketProperties } from '../client/connect-options.ts'
import { ToolExitCode } from '../client/connection-fault.ts'
import { messageOutput } from '../client/message-output.ts'
import { type MessagePrinter, messagePrinter } from '../client/message-printer.ts'
import { payloadSource } from '../client/payload-source.ts'
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
 * `curlew request`: publishes a request, prints the first message that comes to its response topic, and ends.
 *
 * @throws {CommandError} when there is none in time
 */
export async function request(flags: RequestFlags): Promise<void> {
  const address = serverAddress(flags)
  const source = await payloadSource(flags, process.stdin)
  const topic = flags.topic ?? address.topic
  if (source === undefined || !('one' in source) || topic === undefined) {
    const message = `request needs ${topic === undefined ? 'a topic (-t)' : 'a message (-m, -f, -s or -n)'}`
    throw new CommandError(ToolExitCode.Failed, message, [commandLine(['request', '-t', 'clock/now', '-m', 'UTC'])])
  }
  if (flags.property?.publish.responseTopic !== undefined) {
    throw new CommandError(ToolExitCode.Failed, 'the response topic is given with -e, not with -D')
  }
  const printer = await messagePrinter(flags, process.stdout)
  await runTool(flags, async state => {
    await new RequestRun(flags, { flags, address, state }, topic, source.one).run(printer)
  })
}

/** One run of the command. */
class RequestRun {
  readonly #flags: RequestFlags
  readonly #plan: SessionPlan
  readonly #topic: string
  readonly #payload: Uint8Array

  constructor(flags: RequestFlags, plan: SessionPlan, topic: string, payload: Uint8Array) {
    this.#flags = flags
    this.#plan = plan
    this.#topic = topic
    this.#payload = payload
  }

  async run(printer: MessagePrinter): Promise<void> {
    const { state } = this.#plan
    const session = await ClientSession.open(this.#plan, {})
    let isTimedOut = false
    try {
      const message = await session.during(Promise.race([this.#ask(session.client), this.#timedOut()]))
      isTimedOut = message === undefined
      if (message) await print(message, printer, state)
    } finally {
      await session.close(isTimedOut)
    }
    if (isTimedOut)
      throw new CommandError(ToolExitCode.TimedOut, 'Timed out', [`is somebody subscribed to ${this.#topic}?`])
  }

  async #ask(client: Client): Promise<ReceivedMessage> {
    const { skipRetained, retainAsPublished = false, qos, latency, property } = this.#flags
    const { subscribe } = property ?? noPacketProperties
    const responseTopic = this.#flags.responseTopic ?? ownTopic(client)
    let resolve: (message: ReceivedMessage) => void
    const response = new Promise<ReceivedMessage>(resolved => {
      resolve = resolved
    })
    await client.subscribe(responseTopic, {
      qos,
      retainAsPublished,
      retainHandling: skipRetained ? 2 : 0,
      subscriptionIdentifier: subscribe.subscriptionIdentifiers?.[0] ?? 0,
      ...(subscribe.userProperties && { userProperties: subscribe.userProperties }),
      handler: message => resolve(message.keep()),
    })
    this.#plan.state.show(`waiting for a response from ${this.#topic} on ${responseTopic}`)
    const begun = performance.now()
    const options = publishOptions(this.#flags, false)
    const properties = { ...options.properties, responseTopic }
    const { isMatched } = await client.publish(this.#topic, this.#payload, { ...options, properties })
    if (isMatched === false && !this.#flags.quiet) this.#plan.state.note(`nobody is subscribed to ${this.#topic}`)
    const message = await response
    if (latency) this.#plan.state.note(`latency: ${(performance.now() - begun).toFixed(3)} ms`)
    return message
  }

  /** Resolves with nothing when the time is over; without a limit, never. */
  #timedOut(): Promise<undefined> {
    const { timeout } = this.#flags
    return new Promise(resolve => {
      if (timeout !== undefined) setTimeout(resolve, timeout * 1000, undefined).unref()
    })
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
