import type { LibraryClient } from './libraries.ts'

/** Messages under way at once at most, when each is acknowledged. */
const WINDOW = 200
/** Messages of QoS 0 that are handed over before the client is waited for. */
const BATCH = 1_000
/** Requests under way at once. */
const CONCURRENCY = 50

/** What is measured: one client doing one thing. */
export interface Scenario {
  readonly name: string
  /** Of the messages of a run, the part that this one takes. */
  readonly part: number
  /** The process at the other end, which is not measured. */
  readonly partner: 'none' | 'flood-0' | 'flood-1' | 'responder'
  run(client: LibraryClient, messages: number, payload: Uint8Array): Promise<void>
}

/** Publishes at QoS 0, and ends when the broker has all of it. */
async function publishFast(client: LibraryClient, messages: number, payload: Uint8Array): Promise<void> {
  for (let sent = 0; sent < messages; sent += BATCH) {
    for (let index = 1; index < BATCH; index++) void client.publish('bench/out', payload, 0)
    await client.publish('bench/out', payload, 0)
  }
  await client.publish('bench/out', payload, 1)
}

/** Keeps a number of calls under way until all have been made. */
async function keepUnderWay(calls: number, underWay: number, call: () => Promise<unknown>): Promise<void> {
  let left = calls
  const lane = async (): Promise<void> => {
    while (left-- > 0) await call()
  }
  await Promise.all(Array.from({ length: underWay }, lane))
}

/** Counts what the flood sends, and asks for more as it goes. */
async function receive(client: LibraryClient, messages: number, qos: 0 | 1): Promise<void> {
  let received = 0
  let finish: () => void = () => {}
  const all = new Promise<void>(resolve => {
    finish = resolve
  })
  const unsubscribe = await client.subscribe('bench/in', qos, () => {
    received++
    if (received % BATCH === 0) void client.publish('bench/more', new Uint8Array(0), 1)
    if (received === messages) finish()
  })
  await client.publish('bench/begin', new TextEncoder().encode(String(messages)), 1)
  await all
  await unsubscribe()
}

/** In the order of the report. */
export const scenarios: readonly Scenario[] = [
  { name: 'publish QoS 0', part: 1, partner: 'none', run: publishFast },
  {
    name: 'publish QoS 1',
    part: 0.3,
    partner: 'none',
    run: (client, messages, payload) => keepUnderWay(messages, WINDOW, () => client.publish('bench/out', payload, 1)),
  },
  { name: 'receive QoS 0', part: 1, partner: 'flood-0', run: (client, messages) => receive(client, messages, 0) },
  { name: 'receive QoS 1', part: 0.3, partner: 'flood-1', run: (client, messages) => receive(client, messages, 1) },
  {
    name: 'request',
    part: 0.05,
    partner: 'responder',
    run: (client, messages, payload) =>
      keepUnderWay(messages, CONCURRENCY, () => client.request('bench/echo', payload)),
  },
]
