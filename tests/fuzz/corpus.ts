import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type FuzzReport, type FuzzTarget, fuzz } from './fuzzer.ts'

/**
 * What runs of the past have left, one input to a line, in hex digits; `#` begins a comment.
 *
 *     corpus/<target>/inputs.hex      inputs that reach code which no shorter one reaches
 *     corpus/<target>/failures.hex    inputs that have failed once, each with what was wrong
 *     crashes/<target>.hex            inputs that failed on this machine; not for the repository
 */
const folder = new URL('./corpus/', import.meta.url)
const crashes = new URL('./crashes/', import.meta.url)

/** @returns everything that was kept for a target */
export function readCorpus(name: string): Uint8Array[] {
  return ['inputs', 'failures'].flatMap(kind => readInputs(new URL(`${name}/${kind}.hex`, folder)))
}

function readInputs(file: URL): Uint8Array[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines
    .map(line => line.replace(/#.*/, '').trim())
    .filter(Boolean)
    .map(hex => Uint8Array.from(Buffer.from(hex, 'hex')))
}

/** Replaces the kept inputs by the fewest and shortest of old and new that reach the same code. */
export function saveInputs(target: FuzzTarget, inputs: readonly Uint8Array[]): void {
  const shortestFirst = inputs.filter(input => input.length > 0).toSorted((a, b) => a.length - b.length)
  const { found } = fuzz(target, { seed: 0, secondsMax: 0, executionsMax: 0, corpus: shortestFirst })
  mkdirSync(new URL(`${target.name}/`, folder), { recursive: true })
  writeFileSync(new URL(`${target.name}/inputs.hex`, folder), `${found.map(hexOf).join('\n')}\n`)
}

/** Writes a failing input where it can be picked up. @returns what to say about it */
export function reportFailure(name: string, { input, error }: NonNullable<FuzzReport['failure']>): string {
  mkdirSync(crashes, { recursive: true })
  const message = String(error)
  writeFileSync(new URL(`${name}.hex`, crashes), `# ${message.replaceAll('\n', ' ')}\n${hexOf(input)}\n`, { flag: 'a' })
  return `${message}\ninput: ${hexOf(input)}\n${error instanceof Error ? error.stack : ''}`
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
