import { expect, test } from 'vitest'
import { compare } from '../macro/report/comparison.ts'
import { figures, noResults, rounds, scenarioNamed } from './results.ts'

const scenario = scenarioNamed('p2p 16 B QoS 0')

function ran(curlew: number[], mosquitto: number[]) {
  return { ...noResults, scenarios: [{ scenario, brokers: { curlew: rounds(curlew), mosquitto: rounds(mosquitto) } }] }
}

test('rounds that lie among each other are noise, others are a difference', () => {
  const [own, other] = compare(ran([100, 110, 120], [50, 51, 52]), ran([115, 125, 130], [40, 41, 42]))

  expect(own).toMatchObject({ broker: 'curlew', before: 125, now: 110, isNoise: true })
  expect(other).toMatchObject({ broker: 'mosquitto', before: 41, now: 51, isNoise: false })
})

test('a machine that is half as fast does not make Curlew slower beside Mosquitto', () => {
  const [own, other] = compare(ran([50], [5]), ran([100], [10]))

  expect(own?.besideMosquitto).toBe(1)
  expect(other?.besideMosquitto).toBeUndefined()
})

test('where the rate is given, p99 is compared', () => {
  const paced = scenarioNamed('latency QoS 0')
  const of = (p99: number) => ({
    ...noResults,
    scenarios: [{ scenario: paced, brokers: { curlew: rounds([5000], p99) } }],
  })

  expect(compare(of(900), of(300))).toMatchObject([{ name: 'latency QoS 0, p99 µs', before: 300, now: 900 }])
})

test('figures of trials are compared by their key', () => {
  const figure = { key: 'bytes', label: 'memory', unit: 'B', aim: undefined } as const
  const of = (bytes: number) => ({
    ...noResults,
    trials: [
      { name: 'idle', group: 'connections' as const, figures: [figure], brokers: { curlew: figures({ bytes }) } },
    ],
  })

  expect(compare(of(60), of(50))).toMatchObject([{ name: 'idle, memory, B', before: 50, now: 60, isNoise: false }])
})

test('what only one run has is left out', () => {
  expect(compare(ran([1], [1]), noResults)).toEqual([])
})
