import type { QoS } from '@curlew/codec'
import type { BrokerHost } from './broker-host.ts'
import type { ClientProfile } from './client-profile.ts'
import type { ClientRole } from './client-role.ts'
import type { Damage } from './disk-damage.ts'
import type { EventQueue } from './event-queue.ts'
import { ExpiringSessionRole } from './expiring-session-role.ts'
import type { Ledger } from './ledger.ts'
import type { SimulationOptions } from './options.ts'
import type { Random } from './random.ts'
import { RetainedRegister } from './retained-register.ts'
import { RetainedReaderRole, RetainedWriterRole } from './retained-roles.ts'
import { PublisherRole, type RoleServices, SubscriberRole } from './roles.ts'
import { SimulatedClient } from './simulated-client.ts'
import type { Link, LinkHandler } from './simulated-network.ts'
import type { Trace } from './trace.ts'
import type { Violation } from './violation.ts'
import { WillHolderRole } from './will-role.ts'

export interface CastServices {
  readonly queue: EventQueue
  readonly random: Random
  readonly trace: Trace
  readonly ledger: Ledger
  readonly options: SimulationOptions
  readonly host: BrokerHost
  readonly isActive: () => boolean
  dial(handler: LinkHandler): Link
  /** Ends the simulation. */
  fail(violation: Violation): void
}

const TOPICS = ['t/0', 't/1', 't/2/x'] as const
const FILTERS = ['t/#', 't/+', 't/0', 't/1', 't/2/x', 't/2/+'] as const
const levels: readonly (readonly QoS[])[] = [[1], [2], [1, 2], [0, 1, 2]]

/** All clients of a simulation, with the parts they play. */
export class Cast {
  readonly clients: SimulatedClient[] = []
  /** Those that may lose their memory. */
  readonly forgetful: SimulatedClient[] = []
  readonly #services: CastServices
  readonly #random: Random
  readonly #roles: RoleServices
  readonly #registers: RetainedRegister[] = []
  readonly #starts: (() => void)[] = []

  constructor(services: CastServices) {
    this.#services = services
    this.#random = services.random
    this.#roles = { ...services, hasExpiry: services.options.faults['message-expiry'] > 0 }
    const { population } = services.options
    // Who watches comes first, so that wills and messages have somebody who is owed them.
    for (let index = 0; index < population.subscribers; index++) this.#addSubscriber(index)
    for (let index = 0; index < population.changingSubscribers; index++) this.#addChangingSubscriber(index)
    for (let index = 0; index < population.forgetfulSubscribers; index++) this.#addForgetfulSubscriber(index)
    for (let index = 0; index < population.groupMembers; index++) this.#addMember(index)
    for (let index = 0; index < population.changingMembers; index++) this.#addChangingMember(index)
    for (let index = 0; index < population.publishers; index++) this.#addPublisher(`p${index}`, TOPICS)
    for (let index = 0; index < population.groupPublishers; index++) this.#addPublisher(`g${index}`, ['s/0', 's/1'])
    for (let index = 0; index < population.retainedWriters; index++) this.#addWriter(index)
    for (let index = 0; index < population.retainedReaders; index++) this.#addReader(`reader${index}`)
    for (let index = 0; index < population.willHolders; index++) this.#addWillHolder(index)
    for (let index = 0; index < population.expiringSessions; index++) this.#addExpiringSession(index)
  }

  start(): void {
    const { queue } = this.#services
    for (const client of this.clients) queue.after(this.#random.duration(0, 300), () => client.dial())
    for (const start of this.#starts) start()
  }

  /** Whether nobody waits for the broker any more. */
  get isQuiet(): boolean {
    return this.clients.every(isAtRest)
  }

  unquiet(): string[] {
    return this.clients
      .filter(client => !isAtRest(client))
      .map(({ profile, isOnline, unfinishedCount }) =>
        isOnline ? `${profile.name} has ${unfinishedCount} unfinished` : `${profile.name} is offline`,
      )
  }

  /** Something that the broker had stored is damaged. @param processId of the process that has read it so */
  suffer({ clients, topics }: Damage, processId: number): void {
    for (const client of this.clients) if (clients.has(client.profile.name)) client.doubtSession(processId)
    for (const register of this.#registers) if (topics.has(register.topic)) register.suffer()
  }

  /** A client that asks, when all is over, what is retained. */
  addFinalReader(): RetainedReaderRole {
    const role = this.#addReader('final-reader')
    role.client.dial()
    return role
  }

  retire(): void {
    for (const client of this.clients) client.retire()
  }

  #add<Role extends ClientRole>(name: string, role: Role, fixed: Partial<ClientProfile> = {}): Role {
    const { queue, trace, ledger, isActive, dial, fail } = this.#services
    const random = this.#random.fork(name)
    const profile: ClientProfile = {
      name,
      version: random.chance(0.6) ? 5 : 4,
      isPersistent: true,
      keepAlive: random.between(1, 5),
      receiveMaximum: random.pick([1, 2, 10, 65_535]),
      answerMaxMs: random.pick([0, 5, 50, 200]),
      reconnectMaxMs: random.pick([20, 300, 2_000]),
      ...fixed,
    }
    const client = new SimulatedClient(profile, { queue, trace, ledger, isActive, dial, fail }, random, role)
    role.client = client
    this.clients.push(client)
    return role
  }

  #addSubscriber(index: number): void {
    const name = `s${index}`
    const random = this.#random.fork(`role ${name}`)
    const filters = random.pick([['t/#'], ['t/+', 't/2/#'], ['t/0'], ['t/0', 't/#'], ['t/1', 't/2/x']])
    const record = this.#services.ledger.addSubscriber(name)
    this.#add(name, new SubscriberRole(record, [...filters, 'w/#'], random.pick([1, 2]), this.#roles, random))
  }

  #addChangingSubscriber(index: number): void {
    const name = `c${index}`
    const random = this.#random.fork(`role ${name}`)
    const filters = [random.pick(FILTERS), random.pick(FILTERS)]
    const record = this.#services.ledger.addSubscriber(name)
    const role = new SubscriberRole(record, [...new Set(filters)], random.pick([0, 1, 2]), this.#roles, random)
    this.#add(name, role)
    this.#starts.push(() => role.startChanging(random.pick([300, 2_000])))
  }

  #addForgetfulSubscriber(index: number): void {
    const name = `f${index}`
    const random = this.#random.fork(`role ${name}`)
    const record = this.#services.ledger.addSubscriber(name)
    const role = new SubscriberRole(record, [random.pick(FILTERS)], random.pick([1, 2]), this.#roles, random)
    this.forgetful.push(this.#add(name, role, { version: 5 }).client)
  }

  /** Beside one that is always a member, so that there is somebody for every message. */
  #addChangingMember(index: number): void {
    const name = `mc${index}`
    const random = this.#random.fork(`role ${name}`)
    const record = this.#services.ledger.addMember(name, false)
    const role = new SubscriberRole(record, ['$share/g/s/#'], random.pick([1, 2]), this.#roles, random)
    this.forgetful.push(this.#add(name, role, { version: 5 }).client)
    this.#starts.push(() => role.startChanging(random.pick([300, 2_000])))
  }

  #addMember(index: number): void {
    const name = `m${index}`
    const random = this.#random.fork(`role ${name}`)
    const record = this.#services.ledger.addMember(name, true)
    this.#add(name, new SubscriberRole(record, ['$share/g/s/#'], random.pick([1, 2]), this.#roles, random))
  }

  #addPublisher(name: string, topics: readonly string[]): void {
    const random = this.#random.fork(`role ${name}`)
    const { periodMs, messagesMax } = this.#services.options
    const role = new PublisherRole(name, topics, random.pick(levels), this.#roles, random)
    this.#add(name, role, { isPersistent: random.chance(0.8) })
    this.#starts.push(() => role.start(periodMs, messagesMax))
  }

  #addWriter(index: number): void {
    const name = `rw${index}`
    const random = this.#random.fork(`role ${name}`)
    const register = new RetainedRegister(`r/${index}`)
    this.#registers.push(register)
    const role = this.#add(name, new RetainedWriterRole(register, this.#roles, random))
    this.#starts.push(() => role.start(this.#services.options.periodMs * 2))
  }

  #addReader(name: string): RetainedReaderRole {
    const random = this.#random.fork(`role ${name}`)
    const role = new RetainedReaderRole(this.#registers, random.pick([0, 1, 2]), this.#services.ledger)
    this.#add(name, role, { isPersistent: false })
    const { queue, isActive } = this.#services
    const comeAndGo = (): void => {
      queue.after(random.duration(100, 2_000), () => {
        if (!isActive()) return
        role.client.leave()
        comeAndGo()
      })
    }
    this.#starts.push(comeAndGo)
    return role
  }

  #addWillHolder(index: number): void {
    const name = `wh${index}`
    const random = this.#random.fork(`role ${name}`)
    const version = random.chance(0.6) ? 5 : 4
    const delayInterval = version === 5 && random.chance(0.6) ? random.between(1, 4) : 0
    const qos = random.pick([1, 2] as const)
    const isWellSince = (processId: number, sinceMs: number): boolean => this.#isWellSince(processId, sinceMs)
    const role = new WillHolderRole({ name, qos, delayInterval }, this.#roles, random.fork('away'), isWellSince)
    this.#add(name, role, { version, isPersistent: random.chance(0.6) })
    const { queue, isActive } = this.#services
    const comeAndGo = (): void => {
      queue.after(random.duration(200, 3_000), () => {
        if (!isActive()) return
        if (random.chance(0.4)) role.client.leave()
        else role.client.vanish(random.chance(0.7))
        comeAndGo()
      })
    }
    this.#starts.push(comeAndGo)
  }

  #addExpiringSession(index: number): void {
    const name = `x${index}`
    const role = new ExpiringSessionRole(this.#roles, this.#random.fork(`role ${name}`))
    this.#add(name, role, { version: 5 })
    this.#starts.push(() => role.startComingAndGoing())
  }

  /** Whether a process is still the same and could store since then. */
  #isWellSince(processId: number, sinceMs: number): boolean {
    const { host, ledger } = this.#services
    return host.processId === processId && host.isListening && host.isWell && ledger.lastTroubleMs < sinceMs
  }
}

function isAtRest(client: SimulatedClient): boolean {
  return client.isOnline && client.unfinishedCount === 0
}
