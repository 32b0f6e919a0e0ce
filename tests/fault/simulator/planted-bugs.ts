import { PacketWriter } from '@curlew/codec'
import { Message, NEVER, OutgoingDeliveries, type OutgoingDelivery } from '@curlew/protocol'
import { Connection } from '../../../packages/broker/src/connection/connection.ts'
import type { Store } from '../../../packages/broker/src/index.ts'
import { RetainedMessages } from '../../../packages/broker/src/routing/retained-messages.ts'
import { Backlog } from '../../../packages/broker/src/sessions/backlog.ts'
import { Sender } from '../../../packages/broker/src/sessions/sender.ts'
import { Session } from '../../../packages/broker/src/sessions/session.ts'
import { SessionRegistry } from '../../../packages/broker/src/sessions/session-registry.ts'
import { delayIntervalOf, willRecord } from '../../../packages/broker/src/sessions/will.ts'
import type { Engine, EngineChange, EngineEntry, KeyRange } from '../../../packages/broker/src/store/engine.ts'
import { finishRecord, startRecord } from '../../../packages/broker/src/store/records.ts'
import { isSound } from './disk-damage.ts'
import type { FoundationChange } from './foundation.ts'

/** Says that everything is durable as soon as it is told: acknowledgements leave before the disk has anything. */
function settledAtOnce(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name === 'isSettled') return true
      if (name === 'whenSettled') return (callback: () => void) => callback()
      if (name === 'isDurable') return () => true
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Syncs again when a sync has failed, and believes the second answer, as most databases did until 2018. */
class RetryingEngine implements Engine {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  open(): Promise<void> {
    return this.#engine.open()
  }

  async write(changes: readonly EngineChange[], sync: boolean): Promise<void> {
    try {
      await this.#engine.write(changes, sync)
    } catch (error) {
      if (!String(error).includes('sync failed')) throw error
      await this.write([], true)
    }
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#engine.getMany(keys)
  }

  page(range: KeyRange, limit: number): Promise<EngineEntry[]> {
    return this.#engine.page(range, limit)
  }

  close(): Promise<void> {
    return this.#engine.close()
  }
}

/** Sends again, on a new connection, what was sent last first. */
function reverseResends(): () => void {
  const prototype = OutgoingDeliveries.prototype as OutgoingDeliveries<OutgoingDelivery>
  const { unfinished } = prototype
  prototype.unfinished = function (this: OutgoingDeliveries<OutgoingDelivery>) {
    return unfinished.call(this).reverse()
  }
  return () => {
    prototype.unfinished = unfinished
  }
}

/** A change of one method of the broker, undone afterwards. */
function replaced<Owner extends object, Name extends keyof Owner>(
  prototype: Owner,
  name: Name,
  replacement: (original: Owner[Name]) => Owner[Name],
): FoundationChange {
  return {
    putIn() {
      const original = prototype[name]
      prototype[name] = replacement(original)
      return () => {
        prototype[name] = original
      }
    },
  }
}

function withExpiry(message: Message, expiresAt: number): Message {
  const { topic, bytes, payloadStart, payloadEnd, qos, retain, properties, publisherId } = message
  return new Message({ topic, bytes, payloadStart, payloadEnd, qos, retain, properties, publisherId, expiresAt })
}

/** Gives messages other moments of expiry when they are sent. */
function expiring(change: (expiresAt: number) => number): FoundationChange {
  return replaced(Sender.prototype, 'send', original => {
    return function (this: Sender, outlet, record, isRepeated) {
      const { message } = record
      const other = message.expiresAt === NEVER ? message : withExpiry(message, change(message.expiresAt))
      return original.call(this, outlet, { ...record, message: other }, isRepeated)
    }
  })
}

/** Changes a Session at the end of its connection. */
function leaving(change: (session: Session) => void): FoundationChange {
  return replaced(SessionRegistry.prototype, 'leave', original => {
    return function (this: SessionRegistry, session, outlet) {
      if (session.outlet === outlet) change(session)
      original.call(this, session, outlet)
    }
  })
}

/** Gives a Will another delay, in seconds. */
function delayWill(session: Session, change: (delayInterval: number) => number): void {
  const { will } = session
  if (will === undefined) return
  const willDelayInterval = change(delayIntervalOf(will))
  session.will = { ...will, properties: { ...will.properties, willDelayInterval } }
}

/** Publishes a Will although its Client is back. */
const publishCancelledWill = replaced(SessionRegistry.prototype, 'open', original => {
  return function (this: SessionRegistry, clientId, cleanStart, expiryInterval) {
    const session = this.get(clientId)
    const will = session?.isConnected === false ? session.will : undefined
    if (will !== undefined) this.publishWill(willRecord(will, clientId, undefined))
    return original.call(this, clientId, cleanStart, expiryInterval)
  }
})

/** Gives up the oldest when a queue is half full. */
const dropTooSoon = replaced(Backlog.prototype, 'push', original => {
  return function (this: Backlog, record) {
    original.call(this, record)
    if (this.isOver(1 / 2)) this.shift()
  }
})

/** An engine whose pages are changed on their way to the store. */
class ChangedPages implements Engine {
  readonly #engine: Engine
  readonly #change: (entries: EngineEntry[]) => EngineEntry[]

  constructor(engine: Engine, change: (entries: EngineEntry[]) => EngineEntry[]) {
    this.#engine = engine
    this.#change = change
  }

  open(): Promise<void> {
    return this.#engine.open()
  }

  write(changes: readonly EngineChange[], sync: boolean): Promise<void> {
    return this.#engine.write(changes, sync)
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#engine.getMany(keys)
  }

  async page(range: KeyRange, limit: number): Promise<EngineEntry[]> {
    return this.#change(await this.#engine.page(range, limit))
  }

  close(): Promise<void> {
    return this.#engine.close()
  }
}

/** Leaves out damaged rows without a word. */
const hideDamage = (entries: EngineEntry[]): EngineEntry[] => entries.filter(({ value }) => isSound(value))

/** Takes damaged rows for good ones, as a store without checksums does. */
const believeDamage = (entries: EngineEntry[]): EngineEntry[] =>
  entries.map(({ key, value }) => {
    if (isSound(value) || value.length < 5) return { key, value }
    const writer = new PacketWriter()
    const mark = startRecord(writer)
    writer.copy(value, 5, value.length)
    return { key, value: Uint8Array.from(finishRecord(writer, mark)) }
  })

/** Bugs that are known, to show that the simulation finds what it is there to find. */
const bugs = {
  'acknowledge-before-commit': { store: settledAtOnce },
  'retry-after-failed-sync': { engine: engine => new RetryingEngine(engine), forgivesFailures: true },
  'resend-out-of-order': { putIn: reverseResends },
  'expire-late': expiring(expiresAt => expiresAt + 3_000),
  'expire-early': expiring(expiresAt => expiresAt - 1_500),
  'keep-expired-retained': replaced(RetainedMessages.prototype, 'set', original => {
    return function (this: RetainedMessages, message) {
      return original.call(this, withExpiry(message, NEVER))
    }
  }),
  'keep-sessions': leaving(session => {
    if (session.expiryInterval > 0) session.expiryInterval += 60
  }),
  'end-sessions-early': leaving(session => {
    session.expiryInterval = Math.min(session.expiryInterval, 1)
  }),
  'ignore-clean-start': replaced(SessionRegistry.prototype, 'open', original => {
    return function (this: SessionRegistry, clientId, _, expiryInterval) {
      return original.call(this, clientId, false, expiryInterval)
    }
  }),
  'keep-taken-over': replaced(Connection.prototype, 'takeOver', () => () => {}),
  'publish-wills-early': leaving(session => delayWill(session, () => 0)),
  'publish-wills-late': leaving(session => delayWill(session, delayInterval => delayInterval + 5)),
  'publish-cancelled-wills': publishCancelledWill,
  'drop-too-soon': dropTooSoon,
  'drop-uncounted': replaced(Session.prototype, 'onDropped', () => () => {}),
  'forget-what-members-leave': replaced(Session.prototype, 'handOverUnfinished', () => (_, onDone) => onDone?.()),
  'hide-damage': { engine: engine => new ChangedPages(engine, hideDamage) },
  'believe-damage': { engine: engine => new ChangedPages(engine, believeDamage) },
} satisfies Record<string, FoundationChange>

/** The first seed that finds each of them. */
const foundBy: Record<keyof typeof bugs, number> = {
  'acknowledge-before-commit': 9,
  'retry-after-failed-sync': 16,
  'resend-out-of-order': 1,
  'expire-late': 1,
  'expire-early': 1,
  'keep-expired-retained': 127,
  'keep-sessions': 71,
  'end-sessions-early': 2,
  'ignore-clean-start': 15,
  'keep-taken-over': 4,
  'publish-wills-early': 15,
  'publish-wills-late': 33,
  'publish-cancelled-wills': 19,
  'drop-too-soon': 8,
  'drop-uncounted': 8,
  'forget-what-members-leave': 224,
  'hide-damage': 9,
  'believe-damage': 16,
}

/** Bugs that are known, to show that the simulation finds what it is there to find, with the first seed that finds each. */
export const plantedBugs: Readonly<Record<string, FoundationChange & { readonly foundBy: number }>> =
  Object.fromEntries(
    Object.entries(bugs).map(([name, change]) => [name, { ...change, foundBy: foundBy[name as keyof typeof bugs] }]),
  )
