import { decodePacket, encodePacket, MqttError, PacketDecoder, type ProtocolVersion } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { reframe } from '../frame.ts'
import { toPlain } from '../plain.ts'
import { differences } from './differences.ts'
import { fromMochi, versionOf as mochiVersionOf } from './mochi.ts'
import { fromMqttPacket, versionOf as mqttPacketVersionOf } from './mqtt-packet.ts'
import { areRecordsThere, field, type Recorded, readRecords, reasonForSkip } from './read.ts'

/** One thing that another codec did, and whether ours does the same. */
interface Comparison {
  readonly name: string
  readonly run: () => { ours: unknown; theirs: unknown }
}

const bytesIn = (record: Recorded, name: string): Uint8Array => Buffer.from(field<string>(record, name) ?? '', 'hex')

function decoded(bytes: Uint8Array, version: ProtocolVersion): unknown {
  try {
    return toPlain(decodePacket(bytes, { receiver: 'any', version }))
  } catch (error) {
    return String(error)
  }
}

function encodedSize(packet: Parameters<typeof encodePacket>[0], version: ProtocolVersion): unknown {
  try {
    return encodePacket(packet, version).length
  } catch (error) {
    return String(error)
  }
}

/** @returns `refused`, or what the bytes were taken for */
function refusal(bytes: Uint8Array, version: ProtocolVersion): unknown {
  const decoder = new PacketDecoder({ receiver: 'any', version })
  decoder.push(bytes)
  try {
    const packet = decoder.next()
    return packet === undefined ? 'wants more' : toPlain(packet)
  } catch (error) {
    return error instanceof MqttError ? 'refused' : String(error)
  }
}

function ofMqttPacket(record: Recorded, index: number): Comparison[] {
  if (JSON.stringify(record).includes('$hexHead')) return [] // a packet of 256 MiB, of which only the beginning was kept
  const kind = field<string>(record, 'kind')!
  const version = mqttPacketVersionOf(record)
  const title = `mqtt-packet ${index}, ${field<string>(record, 'name') ?? field<string>(record, 'error')}`
  if (kind === 'testParseError') {
    const run = () => ({ ours: refusal(bytesIn(record, 'buffer'), version), theirs: 'refused' })
    return [{ name: `${title}: refusal`, run }]
  }
  if (!/^test(Parse|Generate)(Generate|AndGenerate|Only|GenerateDefaults)?$/.test(kind)) return []
  const object = fromMqttPacket(field<Recorded>(record, 'object')!, version)
  const bytes = bytesIn(record, 'buffer')
  const parsing: Comparison = {
    name: `${title}: decoding`,
    run: () => ({ ours: decoded(bytes, version), theirs: toPlain(object) }),
  }
  const generating: Comparison = {
    name: `${title}: size`,
    run: () => ({ ours: encodedSize(object, version), theirs: bytes.length }),
  }
  return [...(kind.includes('Parse') ? [parsing] : []), ...(kind.includes('Generate') ? [generating] : [])]
}

/** Packets that are checked in memory, copied, only referred to, or cut to a Maximum Packet Size, which is not the codec's work here. */
const groupsBesideCodec = new Set(['validate', 'copy', 'reference', 'encode'])

function ofMochi(record: Recorded): Comparison[] {
  const raw = bytesIn(record, 'raw')
  const version = mochiVersionOf(record)
  const title = `mochi ${field<number>(record, 'case')}, ${field<string>(record, 'desc')}`
  if (raw.length === 0 || groupsBesideCodec.has(field<string>(record, 'group')!)) return []
  if (field(record, 'failFirst') !== undefined) {
    // Its second byte is not the length of what follows: mochi's tests hand the body over by itself.
    const bytes = reframe(raw[0]!, raw.subarray(2))
    return [{ name: `${title}: refusal`, run: () => ({ ours: refusal(bytes, version), theirs: 'refused' }) }]
  }
  const packet = fromMochi(field<Recorded>(record, 'packet')!, field<number>(record, 'type')!, version)
  return [
    { name: `${title}: decoding`, run: () => ({ ours: decoded(raw, version), theirs: toPlain(packet) }) },
    { name: `${title}: size`, run: () => ({ ours: encodedSize(packet, version), theirs: raw.length }) },
  ]
}

const comparisons = [
  ...readRecords('mqtt-packet').flatMap(ofMqttPacket),
  ...readRecords('mochi-tpackets').flatMap(ofMochi),
]

function compare(): void {
  for (const { name, run } of comparisons) {
    const reason = differences.get(name)
    test(`${name} is ${reason === undefined ? 'the same' : `different: ${reason}`}`, () => {
      const { ours, theirs } = run()

      if (reason === undefined) expect(ours).toEqual(theirs)
      else expect(ours).not.toEqual(theirs)
    })
  }

  test('differs nowhere else', () => {
    const names = new Set(comparisons.map(({ name }) => name))

    expect([...differences.keys()].filter(name => !names.has(name))).toEqual([])
  })
}

const title = 'what other codecs were recorded to do'
if (areRecordsThere) describe(title, compare)
else {
  process.stderr.write(`${title}: ${reasonForSkip}\n`)
  test(`${title} is not compared (${reasonForSkip})`, context => context.skip(reasonForSkip))
}
