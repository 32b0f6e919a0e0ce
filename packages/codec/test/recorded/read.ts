import { existsSync, readFileSync } from 'node:fs'

/** A recorded call or packet of another codec, as its JSON has it. */
export type Recorded = Readonly<Record<string, unknown>>

/** What other codecs make of packets, recorded. It lies beside the repository where it has been handed out, and only there. */
const folder = new URL('../../../../../shared/conformance/codec/', import.meta.url)

export const areRecordsThere: boolean = existsSync(folder)
export const reasonForSkip = 'SKIPPED: ../shared/conformance/codec does not exist beside this repository'

/** @returns the recorded calls; none when the folder is not there */
export function readRecords(name: 'mqtt-packet' | 'mochi-tpackets'): Recorded[] {
  if (!areRecordsThere) return []
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Recorded[] // the recorder wrote a list of objects
}

/** @returns a field that the recorder always writes with this type, or `undefined` where it is absent or null */
export function field<T>(record: Recorded, name: string): T | undefined {
  return (record[name] ?? undefined) as T | undefined
}

/** @returns the record without its fields that are `undefined` */
export function present<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T
}
