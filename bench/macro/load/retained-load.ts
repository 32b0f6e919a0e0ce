import { setTimeout as delay } from 'node:timers/promises'
import { closeAll, openInGroups } from './connections.ts'
import type { Target } from './load.ts'
import { LoadState } from './load-state.ts'
import { RetainedPublisher, RetainedSubscriber } from './retained-connections.ts'
import { type Round, roundBetween, snapshot } from './round.ts'

/** Publishers that share the topics. */
const PUBLISHER_COUNT = 100
/** How often progress is looked at, in milliseconds. */
const PROBE_MS = 5

/** Retained messages stored, and sent to a subscriber of all of them. */
export class RetainedLoad {
  readonly #onFailure: (error: Error) => void
  /** How often all topics have been written. */
  #version = 0

  /** @param onFailure told when the load can not go on, once or more */
  constructor(onFailure: (error: Error) => void) {
    this.#onFailure = onFailure
  }

  /** Writes all topics. @throws when that takes longer than `limitMs` */
  async store({ port, brokerPid }: Target, topicCount: number, limitMs: number): Promise<Round> {
    const state = new LoadState(true, this.#onFailure)
    const [version, count] = [++this.#version, topicCount / PUBLISHER_COUNT]
    const publishers = await openInGroups(PUBLISHER_COUNT, true, index => {
      return new RetainedPublisher({ firstTopic: index * count, topicCount: count, version }, port, state)
    })
    const start = snapshot(0, brokerPid)
    for (const publisher of publishers) publisher.send()
    await until(() => state.acknowledgementCount >= topicCount, limitMs)
    const { acknowledgementCount } = state
    if (acknowledgementCount < topicCount) {
      throw new Error(`${acknowledgementCount} of ${topicCount} retained messages were stored within ${limitMs} ms`)
    }
    const end = { ...snapshot(acknowledgementCount, brokerPid), nowMs: state.nowMs }
    await closeAll(publishers)
    return roundBetween(start, end, state)
  }

  /** Subscribes to all topics; the round ends with the last message. @throws when that takes longer than `limitMs` */
  async collect({ port, brokerPid }: Target, topicCount: number, limitMs: number): Promise<Round> {
    const state = new LoadState(true, this.#onFailure)
    const subscriber = new RetainedSubscriber(topicCount, this.#version, port, state)
    await subscriber.connect(true)
    const start = snapshot(0, brokerPid)
    await subscriber.subscribe()
    await until(() => state.deliveryCount >= topicCount, limitMs)
    const end = { ...snapshot(state.deliveryCount, brokerPid), nowMs: state.nowMs }
    if (state.deliveryCount < topicCount) {
      throw new Error(`${state.deliveryCount} of ${topicCount} retained messages came within ${limitMs} ms`)
    }
    await subscriber.close()
    return roundBetween(start, end, state)
  }
}

async function until(isOver: () => boolean, limitMs: number): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!isOver() && performance.now() < endMs) await delay(PROBE_MS)
}
