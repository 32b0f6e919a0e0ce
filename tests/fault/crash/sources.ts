import type { Message } from './message.ts'
import type { MessageSource } from './publisher.ts'
import type { Random } from './random.ts'
import type { Stage } from './stage.ts'

/** Topics of each publisher; the odd ones carry QoS 2, the even ones QoS 1, because order is a matter of one QoS. */
export const TOPIC_COUNT = 6

/** Filters by which subscribers get the topics, one per index: no two of them match the same topic. */
export const dataFilters: readonly string[] = Array.from({ length: TOPIC_COUNT }, (_, index) => `data/+/${index}`)

/** Mostly none; some messages are long enough that a store keeps them apart, and a few are longer than what fits a page of anything. */
export function paddingLength(random: Random): number {
  if (random.chance(0.7)) return 0
  return random.chance(0.97) ? random.between(200, 2_000) : random.between(20_000, 70_000)
}

/** Numbered messages of one publisher on its topics, in no particular order. */
export class DataSource implements MessageSource {
  readonly #publisher: string
  readonly #stage: Stage
  readonly #random: Random
  #sequence = 0
  #probes: number[] = []

  constructor(publisher: string, stage: Stage, random: Random) {
    this.#publisher = publisher
    this.#stage = stage
    this.#random = random
  }

  next(): Message | undefined {
    if (!this.#stage.isEnding) return this.#message('data', this.#random.between(0, TOPIC_COUNT - 1))
    const index = this.#probes.pop()
    return index === undefined ? undefined : this.#message('probe', index)
  }

  /** Has one last message sent on every topic, which shows what subscriptions there are. */
  addProbes(): void {
    this.#probes = dataFilters.map((_, index) => index)
  }

  #message(kind: 'data' | 'probe', index: number): Message {
    const publisher = this.#publisher
    const sequence = this.#sequence++
    return this.#stage.createMessage({
      kind,
      publisher,
      topic: `data/${publisher}/${index}`,
      filter: dataFilters[index]!,
      qos: index % 2 === 0 ? 1 : 2,
      isRetained: false,
      sequence,
      payload: `${publisher}:${index}:${sequence}`,
      paddingLength: paddingLength(this.#random),
    })
  }
}

/** One message for each subscriber, on a topic that nobody else has. */
export class MarkerSource implements MessageSource {
  readonly #stage: Stage
  #clientIds: string[] = []
  #sequence = 0
  readonly sent: Message[] = []

  constructor(stage: Stage) {
    this.#stage = stage
  }

  add(clientIds: readonly string[]): void {
    this.#clientIds.push(...clientIds)
  }

  next(): Message | undefined {
    const clientId = this.#clientIds.shift()
    if (clientId === undefined) return undefined
    const sequence = this.#sequence++
    const topic = `marker/${clientId}`
    const terms = { kind: 'marker', publisher: 'marker', topic, filter: topic, qos: 2, isRetained: false } as const
    const message = this.#stage.createMessage({
      ...terms,
      paddingLength: 0,
      sequence,
      payload: `marker:${clientId}:${sequence}`,
    })
    this.sent.push(message)
    return message
  }
}
