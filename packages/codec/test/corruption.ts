import type { Packet } from '@curlew/codec'

const oddNumbers = [
  -1,
  0,
  1,
  2,
  3,
  4,
  6,
  127,
  128,
  255,
  256,
  65_535,
  65_536,
  2 ** 28 - 1,
  2 ** 28,
  2 ** 32,
  1.5,
  Number.NaN,
]
const oddStrings = [
  '',
  '\0',
  'a\0',
  '\ud83d',
  '\udc26x',
  '#',
  '+',
  'a/#/b',
  'a+',
  '$share/',
  '$share//a',
  '$share/g/#',
  'x'.repeat(65_536),
]

/** @returns the packet with one of its fields, but not its type, given a value of the same type that it may not have */
export function corrupted(packet: Packet, place: number, value: number): Packet {
  const { type, ...fields } = { ...packet, ...('payload' in packet ? { payload: packet.payload } : {}) }
  const leaves = countLeaves(fields)
  if (leaves === 0) return packet
  return { type, ...replaceLeaf(fields, { left: place % leaves }, value) } as Packet // what a JavaScript caller might do
}

function countLeaves(value: unknown): number {
  if (!isBranch(value)) return isLeaf(value) ? 1 : 0
  return Object.values(value).reduce<number>((count, each) => count + countLeaves(each), 0)
}

/** @param counter how many leaves to go by before the one to replace */
function replaceLeaf<T>(value: T, counter: { left: number }, choice: number): T {
  if (isLeaf(value)) return counter.left-- === 0 ? (odd(value, choice) as T) : value
  if (!isBranch(value)) return value
  const entries = Object.entries(value).map(([name, each]) => [name, replaceLeaf(each, counter, choice)])
  return (Array.isArray(value) ? entries.map(([, each]) => each) : Object.fromEntries(entries)) as T
}

function odd(value: unknown, choice: number): unknown {
  if (typeof value === 'number') return oddNumbers[choice % oddNumbers.length]
  return typeof value === 'string' ? oddStrings[choice % oddStrings.length] : !value
}

function isLeaf(value: unknown): boolean {
  return ['number', 'string', 'boolean'].includes(typeof value)
}

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array)
}
