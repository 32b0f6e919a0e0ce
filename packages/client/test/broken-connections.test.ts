import { type Duplex, duplexPair } from 'node:stream'
import { createBroker } from '@curlew/broker'
import { expect, onTestFinished, test } from 'vitest'
import { connect, duplexStream, type Transport } from '../src/index.ts'

const MESSAGES = 300

/** Chance that a seed repeats. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Connections to a broker in this process, any of which the test may cut. */
class Cables implements Transport {
  readonly #broker = createBroker({ limits: { receiveMaximum: 20 } })
  #latest: Duplex[] = []
  cuts = 0

  async connect() {
    const [ours, theirs] = duplexPair()
    await this.#broker.attach(theirs)
    this.#latest = [ours, theirs]
    return duplexStream(ours)
  }

  cut(): void {
    this.cuts++
    for (const end of this.#latest) end.destroy()
  }

  close(): Promise<void> {
    return this.#broker.close()
  }
}

for (const protocolVersion of [4, 5] as const) {
  for (const seed of [1, 2, 3, 4, 5]) {
    test(`connections that break at any moment lose and repeat nothing (version ${protocolVersion}, seed ${seed})`, async () => {
      const random = randomOf(seed)
      const cables = new Cables()
      onTestFinished(() => cables.close())
      const options = {
        transport: cables,
        protocolVersion,
        cleanStart: false,
        reconnect: { delayMs: 1, delayMaxMs: 2 },
      }
      const client = await connect([], { ...options, clientId: 'me', receiveMaximum: 10 })
      onTestFinished(() => client.close())
      const got: Record<1 | 2, number[]> = { 1: [], 2: [] }
      for (const qos of [1, 2] as const) {
        await client.subscribe(`qos/${qos}`, { qos, handler: message => void got[qos].push(Number(message.text())) })
      }

      const published: Promise<unknown>[] = []
      for (let number = 0; number < MESSAGES; number++) {
        for (const qos of [1, 2] as const) published.push(client.publish(`qos/${qos}`, `${number}`, { qos }))
        if (random() < 0.1) await new Promise(setImmediate)
        if (random() < 0.05) cables.cut()
      }
      while (client.outbox.count > 0) {
        await new Promise(setImmediate)
        if (random() < 0.002) cables.cut()
      }
      await Promise.all(published)
      await expect.poll(() => [new Set(got[1]).size, got[2].length], { timeout: 15_000 }).toEqual([MESSAGES, MESSAGES])

      const numbers = Array.from({ length: MESSAGES }, (_, number) => number)
      expect(cables.cuts).toBeGreaterThan(3)
      expect(got[2]).toEqual(numbers)
      expect([...new Set(got[1])]).toEqual(numbers)
    })
  }
}
