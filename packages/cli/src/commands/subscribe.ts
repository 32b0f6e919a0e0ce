import type { Client, ReceivedMessage, Subscription } from '@curlew/client'
import { isFailure, type RetainHandling, reasonCodeName } from '@curlew/codec'
import { matchesTopicFilter } from '@curlew/protocol'
import { ClientSession, type SessionPlan } from '../client/client-session.ts'
import { noPacketProperties } from '../client/connect-options.ts'
import { ToolExitCode } from '../client/connection-fault.ts'
import { type MessageWay, messageWay } from '../client/message-way.ts'
import { serverAddress } from '../client/server-address.ts'
import { runTool } from '../client/tool-run.ts'
import { CommandError } from '../command-error.ts'
import { commandLine } from '../command-line.ts'
import { stopRequested } from '../stopping.ts'
import type { SubscribeFlags } from './subscribe-flags.ts'

/** With fewer messages to come than this, the broker is told not to send more at once than are wanted. */
const RECEIVE_MAXIMUM = 20

/** Messages that wait while nobody reads what is printed; only QoS 0 beyond them is lost, and that is said. */
const WAITING_MAX = 100_000

/** How long until the next attempt to connect again: at first, and at most. */
const reconnect = { delayMs: 1_000, delayMaxMs: 30_000 } as const

/** Why `sub` ends. */
type Ending = 'done' | 'timed-out' | 'interrupted' | 'unread'

/**
 * `curlew sub`: subscribes and prints what comes, until the flags or a signal say that it is enough. A connection that is lost is
 * made again.
 *
 * @throws {CommandError} when it cannot begin, or not go on
 */
export async function subscribe(flags: SubscribeFlags): Promise<void> {
  const address = serverAddress(flags)
  const filters = [...(address.topic === undefined ? [] : [address.topic]), ...(flags.topic ?? [])]
  if (filters.length === 0) {
    throw new CommandError(ToolExitCode.Failed, 'sub needs a topic (-t)', [commandLine(['sub', '-t', 'hello/#', '-v'])])
  }
  const way = await messageWay(flags, process.stdout)
  await runTool(flags, async state => {
    const messages = way(state)
    try {
      await new SubscribeRun(flags, { flags, address, state }, filters, messages).run()
    } finally {
      messages.end()
    }
  })
}

/** One run of the command. It is over as soon as {@link Ending} is known; messages that come after that are not acknowledged. */
class SubscribeRun {
  readonly #flags: SubscribeFlags
  readonly #plan: SessionPlan
  readonly #filters: readonly string[]
  readonly #way: MessageWay
  readonly #removals = new Set<Promise<unknown>>()
  #client: Client | undefined
  #subscription: Promise<Subscription> | undefined
  #count = 0
  #isOver = false
  #end!: (ending: Ending) => void
  #fail!: (error: unknown) => void
  readonly #ended: Promise<Ending>

  constructor(flags: SubscribeFlags, plan: SessionPlan, filters: readonly string[], way: MessageWay) {
    this.#flags = flags
    this.#plan = plan
    this.#filters = filters
    this.#way = way
    this.#ended = new Promise((resolve, reject) => {
      this.#end = resolve
      this.#fail = reject
    })
    this.#ended.catch(() => {}) // until run() waits for it
  }

  async run(): Promise<void> {
    process.stdout.on('error', () => this.#end('unread'))
    const interrupted = stopRequested().then(() => this.#end('interrupted'))
    // What comes with the connection may be all that is wanted, so the end of the run can be known before.
    const session = await Promise.race([this.#open(), interrupted])
    if (!session) {
      process.exitCode = ToolExitCode.Failed // there was no connection yet
      return
    }
    const timer = this.#startTimer()
    try {
      const ending = await session.during(Promise.race([this.#granted(), this.#ended]).then(() => this.#ended))
      this.#isOver = true
      if (ending === 'done') await session.during(Promise.all(this.#removals))
      await session.close(ending === 'timed-out' || ending === 'interrupted')
      await this.#way.flush()
      if (ending === 'timed-out') throw new CommandError(ToolExitCode.TimedOut, 'Timed out')
    } finally {
      this.#isOver = true
      clearTimeout(timer)
      void session.close()
    }
  }

  #open(): Promise<ClientSession> {
    const { count, property } = this.#flags
    const isBounded = count !== undefined && count < RECEIVE_MAXIMUM && property?.connect.receiveMaximum === undefined
    const more = { reconnect, ...(isBounded && { receiveMaximum: count }) }
    return ClientSession.open(this.#plan, more, client => this.#prepare(client))
  }

  /** Subscribes as soon as there is a connection, and prints what an older Subscription of the Session brings. */
  #prepare(client: Client): void {
    const { qos, skipRetained, retainAsPublished = false, retainHandling, local, property } = this.#flags
    const { subscribe: properties } = property ?? noPacketProperties
    this.#client = client
    client.on('unhandled', message => void this.#take(message))
    client.on('connected', () => this.#connected(client))
    this.#subscription = client.subscribe(this.#filters, {
      qos,
      retainAsPublished,
      noLocal: !local,
      retainHandling: (retainHandling ?? (skipRetained ? 2 : 0)) as RetainHandling,
      subscriptionIdentifier: properties.subscriptionIdentifiers?.[0] ?? 0,
      ...(properties.userProperties && { userProperties: properties.userProperties }),
      allowsPartialGrant: true,
      ack: 'manual',
      bufferMax: WAITING_MAX,
      handler: message => this.#take(message),
    })
  }

  /** Unsubscribes each time the Session may have been found again; SUBSCRIBE has gone out before. */
  #connected(client: Client): void {
    const { unsubscribe = [], property } = this.#flags
    const { userProperties = [] } = property?.unsubscribe ?? {}
    if (unsubscribe.length > 0) client.unsubscribe(unsubscribe, { userProperties }).catch(this.#fail)
    const what = this.#filters.join(', ')
    this.#plan.state.show(`connected to ${this.#plan.address.name}, waiting for ${what} (as ${client.clientId})`)
  }

  async #granted(): Promise<void> {
    const { filters, reasonCodes } = await this.#subscription!
    for (const [index, reasonCode] of reasonCodes.entries()) {
      if (isFailure(reasonCode)) this.#say(`the broker refused '${filters[index]}': ${reasonCodeName(reasonCode)}`)
    }
    if (this.#flags.exitAfterSubscribe) this.#finish()
  }

  #startTimer(): NodeJS.Timeout | undefined {
    const { timeout } = this.#flags
    return timeout === undefined ? undefined : setTimeout(() => this.#end('timed-out'), timeout * 1000)
  }

  /** @returns a promise while whoever reads what is printed is behind */
  #take(message: ReceivedMessage): Promise<void> | undefined {
    if (this.#isOver) return undefined
    const { retainedOnly, skipRetained, filterOut = [], removeRetained, count } = this.#flags
    if (retainedOnly && !message.retain) {
      message.ack()
      return this.#finish()
    }
    const isLeftOut = filterOut.some(filter => matchesTopicFilter(filter, message.topic))
    if (isLeftOut || (skipRetained && message.retain)) {
      message.ack()
      return undefined
    }
    if (removeRetained && message.retain) this.#remove(message.topic)
    const written = this.#isChosen() ? this.#print(message) : undefined
    if (++this.#count === count) {
      message.ack()
      return this.#finish()
    }
    if (!written) message.ack()
    return written?.then(() => message.ack())
  }

  #finish(): undefined {
    this.#isOver = true
    this.#end('done')
  }

  #isChosen(): boolean {
    const { randomFilter = 100 } = this.#flags
    return randomFilter >= 100 || Math.random() * 100 < randomFilter
  }

  #print(message: ReceivedMessage): Promise<void> | undefined {
    try {
      return this.#way.show(message, line => this.#say(line))
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  #remove(topic: string): void {
    const removal = this.#client!.publish(topic, '', { qos: 1, retain: true })
    this.#removals.add(removal)
    removal.then(
      () => this.#removals.delete(removal),
      error => this.#fail(error),
    )
  }

  #say(line: string): void {
    if (!this.#flags.quiet) this.#plan.state.note(line)
  }
}
