import fc from 'fast-check'
import type { Play } from './play.ts'
import type { ReferenceModel } from './reference-model.ts'
import { type ModelConnect, type ModelSubscription, type ModelWill, type QoS, versionOf } from './values.ts'

/** What clients can do, as commands that model and broker both carry out. */

type Command = fc.AsyncCommand<ReferenceModel, Play>

/** Counts the messages, so that each one can be told from all others. */
let messages = 0

/** A command in words, when it is possible, and what it does to model and broker. */
function command(
  words: unknown,
  isPossible: (model: ReferenceModel) => boolean,
  run: (model: ReferenceModel, play: Play) => Promise<void>,
): Command {
  return {
    check: model => isPossible(model),
    run: async (model, play) => {
      await run(model, play)
      play.check(model)
    },
    toString: () => JSON.stringify(words),
  }
}

const isConnected = (client: number) => (model: ReferenceModel) => model.sessions.get(client)?.isConnected === true

const always = () => true
const client = fc.nat({ max: 3 })
const topic = fc.constantFrom('a', 'a/b', 'b', '$s')
const filter = fc.constantFrom('a', 'a/#', '+', '#', 'a/+', '$s')
const qos = fc.constantFrom<QoS>(0, 1, 2)

/** Delays and expiries differ between clients, so that no two things ever fall due in the same moment. */
const connect = fc
  .record({ client, cleanStart: fc.boolean(), expiry: fc.constantFrom(0, 30, 97), hasWill: fc.boolean() })
  .chain(({ client, cleanStart, expiry, hasWill }) =>
    fc
      .record({ topic, qos, retain: fc.boolean(), delay: fc.constantFrom(0, 10, 60) })
      .map(will =>
        connectCommand(client, { cleanStart, expiry, will: hasWill ? { ...will, payload: 'will' } : undefined }),
      ),
  )

function connectCommand(client: number, asked: ModelConnect): Command {
  const is5 = versionOf(client) === 5
  const expiry = is5 ? asked.expiry && asked.expiry + client : asked.cleanStart ? 0 : 604_800
  return command(['connect', client, asked], always, async (model, play) => {
    const will = asked.will && willOf(client, asked.will)
    // A Client of 5.0 that is taken over is told so before its Will is published.
    if (is5 && isConnected(client)(model)) model.outbox[client]!.push('DISCONNECT 8e')
    model.connect(client, { cleanStart: asked.cleanStart, expiry, will })
    await play.connect(client, { cleanStart: asked.cleanStart, expiry, will })
  })
}

function willOf(client: number, will: ModelWill): ModelWill {
  const delay = versionOf(client) === 5 && will.delay > 0 ? will.delay + client : 0
  return { ...will, delay, payload: `will ${++messages}` }
}

const disconnect = fc.record({ client, reasonCode: fc.constantFrom(0, 4, undefined) }).map(({ client, reasonCode }) => {
  const sent = reasonCode === 4 && versionOf(client) === 4 ? 0 : reasonCode
  return command(
    [sent === undefined ? 'drop' : 'disconnect', client, sent],
    isConnected(client),
    async (model, play) => {
      model.leave(client, sent !== 0)
      await play.leave(client, sent)
    },
  )
})

const subscribe = fc
  .record({
    client,
    filter,
    qos,
    noLocal: fc.boolean(),
    retainAsPublished: fc.boolean(),
    retainHandling: fc.constantFrom<(0 | 1 | 2)[]>(0, 1, 2),
    identifier: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  })
  .map(({ client, ...asked }) => {
    const subscription = optionsOf(client, asked)
    return command(['subscribe', client, subscription], isConnected(client), async (model, play) => {
      model.subscribe(client, subscription)
      await play.subscribe(client, subscription)
    })
  })

/** 3.1.1 has no options; how retained messages share a small Receive Maximum with others is not for the model. */
function optionsOf(client: number, asked: ModelSubscription): ModelSubscription {
  if (client === 3) return { ...asked, retainHandling: 2 }
  if (versionOf(client) === 5) return asked
  const none = { noLocal: false, retainAsPublished: false, retainHandling: 0, identifier: undefined } as const
  return { ...asked, ...none }
}

const unsubscribe = fc.record({ client, filter }).map(({ client, filter }) =>
  command(['unsubscribe', client, filter], isConnected(client), async (model, play) => {
    const existed = model.sessions.get(client)!.subscriptions.delete(filter)
    const reasonCode = existed ? ' 00' : ' 11'
    model.outbox[client]!.push(`UNSUBACK${versionOf(client) === 5 ? reasonCode : ''}`)
    await play.unsubscribe(client, filter)
  }),
)

const publish = fc
  .record({ client, topic, qos, retain: fc.boolean(), isEmpty: fc.nat({ max: 5 }).map(chance => chance === 0) })
  .map(({ client, topic, qos, retain, isEmpty }) =>
    command(['publish', client, topic, qos, { retain, isEmpty }], isConnected(client), async (model, play) => {
      const payload = isEmpty ? '' : `m${++messages}`
      const count = model.publish({ topic, payload, qos, retain, publisher: client })
      const nobody = count === 0 && versionOf(client) === 5 ? ' 10' : ''
      if (qos === 1) model.outbox[client]!.push(`PUBACK${nobody}`)
      if (qos === 2) model.outbox[client]!.push(`PUBREC${nobody}`, 'PUBREC', 'PUBCOMP')
      await play.publish(client, topic, payload, { qos, retain })
    }),
  )

const acknowledge = fc.record({ client, count: fc.constantFrom(1, 2, 100) }).map(({ client, count }) =>
  command(['acknowledge', client, count], isConnected(client), async (model, play) => {
    const deliveries = model.sessions.get(client)!.inFlight.slice(0, count)
    const before = deliveries.map(each => ({ ...each }))
    for (const delivery of deliveries) model.acknowledge(client, delivery)
    await play.acknowledge(client, before)
  }),
)

const advance = fc.constantFrom(7.3, 43.7).map(seconds =>
  command(['advance', seconds], always, async (model, play) => {
    for (const [client, { isConnected }] of model.sessions) if (isConnected) model.outbox[client]!.push('PINGRESP')
    model.advance(seconds)
    await play.advance(seconds)
  }),
)

/** Fast-check takes each kind as often as the others, so what matters stands here more than once. */
export const commandKinds: fc.Arbitrary<Command>[] = [
  connect,
  connect,
  disconnect,
  subscribe,
  subscribe,
  unsubscribe,
  publish,
  publish,
  publish,
  acknowledge,
  advance,
]
