import type { Random } from './random.ts'

/** What a mutation may draw from. */
export interface Material {
  readonly random: Random
  /** Inputs to splice with; never empty. */
  readonly corpus: readonly Uint8Array[]
  /** Byte sequences that the target's format is made of. */
  readonly tokens: readonly Uint8Array[]
  /** Bytes that an input has at most. */
  readonly sizeMax: number
}

/** Bytes at which formats turn: ends of ranges, sign bits, continuation bits. */
const edges = [0x00, 0x01, 0x02, 0x7f, 0x80, 0x81, 0xc0, 0xed, 0xf4, 0xfe, 0xff]

type Mutation = (input: number[], material: Material) => void

const at = (input: readonly number[], random: Random): number => random.below(input.length + 1)

const mutations: readonly Mutation[] = [
  function flipBit(input, { random }) {
    if (input.length > 0) input[random.below(input.length)]! ^= 1 << random.below(8)
  },
  function setByte(input, { random }) {
    if (input.length > 0) input[random.below(input.length)] = random.below(256)
  },
  function setEdge(input, { random }) {
    if (input.length > 0) input[random.below(input.length)] = random.pick(edges)
  },
  function addToByte(input, { random }) {
    const place = random.below(Math.max(1, input.length))
    if (input.length > 0) input[place] = (input[place]! + random.below(17) - 8) & 255
  },
  function insertByte(input, { random }) {
    input.splice(at(input, random), 0, random.below(256))
  },
  function insertToken(input, { random, tokens }) {
    if (tokens.length > 0) input.splice(at(input, random), 0, ...random.pick(tokens))
  },
  function remove(input, { random }) {
    input.splice(at(input, random), 1 + random.below(4))
  },
  function repeat(input, { random }) {
    const start = at(input, random)
    const part = input.slice(start, start + 1 + random.below(16))
    for (let times = 1 << random.below(7); times > 0; times--) input.splice(start, 0, ...part)
  },
  function splice(input, { random, corpus }) {
    const other = random.pick(corpus)
    input.splice(at(input, random), input.length, ...other.subarray(random.below(other.length + 1)))
  },
  function insertPart(input, { random, corpus }) {
    const other = random.pick(corpus)
    const start = random.below(other.length + 1)
    input.splice(at(input, random), 0, ...other.subarray(start, start + 1 + random.below(32)))
  },
]

/** @returns another input, one to eight steps away, and oftener few than many */
export function mutate(input: Uint8Array, material: Material): Uint8Array {
  const { random, sizeMax } = material
  const bytes = Array.from(input)
  for (let steps = 1 << Math.min(random.below(4), random.below(4)); steps > 0; steps--)
    random.pick(mutations)(bytes, material)
  return Uint8Array.from(bytes.slice(0, sizeMax))
}
