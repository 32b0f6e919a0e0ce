import { encodePacket, type Packet } from '@curlew/codec'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  connectPacket,
  disconnectPacket,
  pingreq,
  puback,
  pubcomp,
  publishPacket,
  pubrec,
  pubrel,
  subscribePacket,
  unsubscribePacket,
  willOf,
} from '../../packages/broker/test/support/packets.ts'
import { Stage } from '../../packages/broker/test/support/stage.ts'
import { allVersions } from '../../packages/broker/test/support/versions.ts'

const userProperties = [['name', 'välue 😀']] as const
const properties = {
  userProperties,
  correlationData: Uint8Array.of(1, 2),
  responseTopic: 'r',
  messageExpiryInterval: 9,
  topicAlias: 1,
}

const packets: Packet[] = [
  connectPacket({ will: willOf('w', 'x', { retain: true }), userName: 'u', password: Uint8Array.of(1) }),
  publishPacket('t/ö/😀', 'payload', { properties }),
  publishPacket('t', 'payload', { qos: 1, packetId: 7, retain: true }),
  publishPacket('t', '', { qos: 2, packetId: 8, retain: true, dup: true }),
  puback(1),
  pubrec(1, 0x80),
  pubrel(8),
  pubcomp(1),
  subscribePacket(3, ['t/+', { filter: `${'x'.repeat(62)}😀/#`, qos: 2, noLocal: true }, '$share/g/t', '#'], 5),
  unsubscribePacket(4, ['t/+', 'a/#']),
  pingreq,
  disconnectPacket({ properties: { sessionExpiryInterval: 5, reasonString: '😀' } }),
]

/** Faults of a transport, or of somebody who means it: bytes changed, put in, left out, packets cut and repeated. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('change' as const), at: fc.nat(200), byte: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(200), byte: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant('remove' as const), at: fc.nat(200), byte: fc.constant(0) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(200), byte: fc.constant(0) }),
)

function mutated(bytes: Uint8Array, { kind, at, byte }: { kind: string; at: number; byte: number }): Uint8Array {
  const index = at % Math.max(1, bytes.length)
  const copy = [...bytes]
  if (kind === 'change') copy[index] = byte
  if (kind === 'insert') copy.splice(index, 0, byte)
  if (kind === 'remove') copy.splice(index, 1)
  if (kind === 'cut') copy.length = index
  return Uint8Array.from(copy)
}

test.each(allVersions)(
  'whatever bytes a connected Client of %s sends, nobody else notices and nothing fails inside',
  async ({ version }) => {
    const stage = new Stage({ limits: { lingerMs: 1 } })
    const bystander = await stage.connect({ clientId: 'bystander', keepAlive: 600 })
    bystander.send(subscribePacket(1, ['calm']))
    await bystander.next()
    const encoded = packets.map(packet => encodePacket({ ...packet, protocolVersion: version } as Packet, version))
    const chunk = fc.record({ index: fc.nat(encoded.length - 1), mutations: fc.array(mutation, { maxLength: 3 }) })

    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { minLength: 1, maxLength: 4 }), fc.nat(40), async (chunks, split) => {
        const client = await stage.connect({ protocolVersion: version, clientId: 'suspect', keepAlive: 600 })
        const bytes = Buffer.concat(chunks.map(({ index, mutations }) => mutations.reduce(mutated, encoded[index]!)))
        client.wire.write(bytes.subarray(0, split))
        client.wire.write(bytes.subarray(split))
        await stage.settle()
        client.drop()
        bystander.send(publishPacket('calm', 'x'))

        expect(await bystander.upToNow()).toEqual(["PUBLISH calm 'x'"])
        expect(stage.log.lines('error')).toEqual([])
      }),
      { numRuns: 1_500 },
    )
  },
  30_000,
)

test.each(allVersions)(
  'whatever bytes come before a CONNECT of %s is accepted, nobody else notices and nothing fails inside',
  async ({ version }) => {
    const stage = new Stage({ limits: { lingerMs: 1 } })
    const bystander = await stage.connect({ clientId: 'bystander', keepAlive: 600 })
    const connect = encodePacket({ ...packets[0], protocolVersion: version } as Packet, version)

    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { maxLength: 4 }), fc.nat(40), async (mutations, split) => {
        const client = await stage.open(version)
        const bytes = mutations.reduce(mutated, connect)
        client.onBytes = () => {}
        client.wire.write(bytes.subarray(0, split))
        client.wire.write(bytes.subarray(split))
        await stage.settle()
        client.drop()

        expect(await bystander.upToNow()).toEqual([])
        expect(stage.log.lines('error')).toEqual([])
      }),
      { numRuns: 1_000 },
    )
  },
  30_000,
)
