import { parseArgs } from 'node:util'

/** What a run measures, and how long it takes. */
export interface Options {
  /** Times that each measurement is made; the median counts. */
  readonly rounds: number
  /** Messages of a measurement of QoS 0; the others take fewer, see `scenarios.ts`. */
  readonly messages: number
  readonly payloadBytes: number
  /** Part of the names of the scenarios; all, if left out. */
  readonly only: string
  /** Where the numbers go as JSON; nowhere if left out. */
  readonly json: string | undefined
}

/** @throws {RangeError} for a number that cannot be */
export function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '3' },
      messages: { type: 'string', default: '100000' },
      'payload-bytes': { type: 'string', default: '64' },
      only: { type: 'string', default: '' },
      json: { type: 'string' },
    },
  })
  const { rounds, messages, 'payload-bytes': payloadBytes, only, json } = values
  return { rounds: count(rounds), messages: count(messages), payloadBytes: count(payloadBytes), only, json }
}

function count(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`${text} is no number of anything`)
  return value
}
