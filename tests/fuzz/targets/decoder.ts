import { type Packet, PacketDecoder, type PacketDecoderOptions, TopicNames } from '@curlew/codec'
import { bodyStart, reframe } from '../../../packages/codec/test/frame.ts'
import { bytesOf } from '../../../packages/codec/test/notation.ts'
import { toPlain } from '../../../packages/codec/test/plain.ts'
import { vectors } from '../../../packages/codec/test/vectors.ts'
import { allocations } from '../allocations.ts'
import type { FuzzTarget } from '../fuzzer.ts'
import { allocationMax, checkRoundTrip, codecSources, propertyTokens, resultOf, topicTokens } from './checks.ts'

const versions = [undefined, 3, 4, 5] as const
const chunkSizes = [1, 2, 5, 16] as const

/** Memories that outlive an execution, as those of a broker outlive a connection; small, so that names replace each other. */
const strictNames = new TopicNames(8)
const lenientNames = new TopicNames(8)

/** The first byte of an input says how the rest, a stream, is to be decoded. */
function optionsOf(receiver: 'server' | 'client', control: number): PacketDecoderOptions {
  const version = versions[control & 3] ?? (receiver === 'client' ? 5 : undefined)
  return {
    receiver,
    ...(version === undefined ? {} : { version }),
    allowsControlCharacters: (control & 16) !== 0,
    topicNames: (control & 16) === 0 ? strictNames : lenientNames,
    ...((control & 32) === 0 ? {} : { maximumPacketSize: 64 }),
  }
}

interface Outcome {
  readonly packets: readonly Packet[]
  readonly decoder: PacketDecoder
  readonly hasFailed: boolean
  /** The same for each way of cutting the stream. */
  readonly text: string
}

function decode(stream: Uint8Array, chunkSize: number, options: PacketDecoderOptions): Outcome {
  const decoder = new PacketDecoder(options)
  const packets: Packet[] = []
  const errors: string[] = []
  for (let start = 0; start < stream.length; start += chunkSize) {
    decoder.push(stream.subarray(start, start + chunkSize))
    for (let result = resultOf(() => decoder.next()); result !== undefined; result = resultOf(() => decoder.next())) {
      if (result instanceof Error) errors.push(`${result.code} ${result.message}`)
      else packets.push(result)
    }
  }
  const text = JSON.stringify([packets.map(toPlain), errors, errors.length === 0 && decoder.isInsidePacket])
  if (errors.length > 1) throw new Error(`it threw more than once: ${text}`)
  return { packets, decoder, hasFailed: errors.length === 1, text }
}

/** What a stream holds, read by its fixed headers alone, as section 2.1 has them. */
function framesOf(stream: Uint8Array): { count: number; rest: 'nothing' | 'a part' | 'a malformed length' } {
  let count = 0
  for (let start = 0; start < stream.length; count++) {
    const header = stream.subarray(start, start + 5)
    const lengthEnd = bodyStart(header)
    if (lengthEnd === 0) return { count, rest: header.length === 5 ? 'a malformed length' : 'a part' }
    const length = header.subarray(1, lengthEnd).reduce((sum, byte, index) => sum + (byte & 127) * 128 ** index, 0)
    start += lengthEnd + length
    if (start > stream.length) return { count, rest: 'a part' }
  }
  return { count, rest: 'nothing' }
}

/** @throws {Error} unless there is a packet for each frame, up to one that was refused */
function checkFrames(stream: Uint8Array, { packets, hasFailed, decoder, text }: Outcome): void {
  const { count, rest } = framesOf(stream)
  const isRight = hasFailed
    ? packets.length <= count
    : packets.length === count && rest !== 'a malformed length' && decoder.isInsidePacket === (rest === 'a part')
  if (!isRight) throw new Error(`${count} frames and ${rest} came to ${text}`)
}

function run(receiver: 'server' | 'client', input: Uint8Array): void {
  const control = input[0] ?? 0
  const stream = input.subarray(1)
  const options = optionsOf(receiver, control)
  allocations.bytes = 0
  const whole = decode(stream, stream.length, options)
  const pieces = decode(stream, chunkSizes[(control >> 2) & 3]!, options)
  if (allocations.bytes > allocationMax(stream.length)) {
    throw new Error(`${stream.length} bytes made it allocate ${allocations.bytes}`)
  }
  if (whole.text !== pieces.text) throw new Error(`whole: ${whole.text}, in pieces: ${pieces.text}`)
  checkFrames(stream, whole)
  for (const packet of whole.packets) checkRoundTrip(packet, whole.decoder.version ?? 5)
}

/** Makes Remaining Length fit, as if the stream were one packet. */
function repair(input: Uint8Array): Uint8Array {
  const stream = input.subarray(1)
  if (stream.length < 2) return input
  return Uint8Array.of(input[0]!, ...reframe(stream[0]!, stream.subarray(bodyStart(stream))))
}

const protocolTokens = ["0004 'MQTT' 04", "0004 'MQTT' 05", "0006 'MQIsdp' 03", '0000', "0001 'a'", 'ffffff7f'].map(
  bytesOf,
)

/** The vectors that are short, in each version they are written in. */
const seeds = vectors
  .map(vector => ({ ...vector, bytes: bytesOf(vector.bytes) }))
  .filter(({ bytes }) => bytes.length <= 200)
  .flatMap(vector => vector.versions.map(version => Uint8Array.of(versions.indexOf(version), ...vector.bytes)))

function decoderTarget(receiver: 'server' | 'client'): FuzzTarget {
  return {
    name: `decoder-${receiver}`,
    sources: codecSources,
    tokens: [...protocolTokens, ...propertyTokens, ...topicTokens],
    seeds,
    sizeMax: 400,
    repair,
    run: input => run(receiver, input),
  }
}

export const decoderTargets: readonly FuzzTarget[] = [decoderTarget('server'), decoderTarget('client')]
