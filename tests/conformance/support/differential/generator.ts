import type { ProtocolVersion, QoS } from '@curlew/codec'
import fc from 'fast-check'
import type { ClientIndex, Script, Step } from './script.ts'

/** The topics of all scripts, which are cleared after each one. */
export const topics = ['a', 'a/b', 'a/b/c', 'b', '/a', '$x/a'] as const

const filters = ['a', 'a/b', 'a/#', 'a/+', '+', '#', '+/b', '/+', '/#', '$x/#', 'b', 'a/b/#'] as const
const topic = fc.constantFrom(...topics)
const filter = fc.constantFrom(...filters)
const qos = fc.constantFrom<QoS>(0, 1, 2)
const packetId = fc.constantFrom(1, 2, 3)

type StepArbitrary = fc.Arbitrary<Step>

/** Whole packets that a Server must not put up with, or must; those of 5.0 are in the form of 5.0. */
const faults: Record<'every' | 3 | 4 | 5, readonly (readonly [name: string, bytes: string])[]> = {
  3: [],
  every: [
    ['a second CONNECT', "10 0d 0004 'MQTT' 04 02 0000 0001 'x'"],
    ['PUBLISH at QoS 3', "36 05 0001 'a' 0001"],
    ['PUBREL with wrong flags', '60 02 0001'],
    ['PINGREQ with a body', 'c0 01 00'],
    ['PINGREQ with flags', 'c1 00'],
    ['a PINGRESP', 'd0 00'],
    ['a SUBACK', '90 03 0001 00'],
    ['packet type 0', '00 00'],
    ['a CONNACK', '20 02 00 00'],
    ['a Remaining Length of five bytes', '30 ff ff ff ff 01'],
  ],
  4: [
    ['SUBSCRIBE without filters', '82 02 0001'],
    ['SUBSCRIBE with packet id 0', "82 06 0000 0001 'a' 00"],
    ['SUBSCRIBE with QoS 3', "82 06 0001 0001 'a' 03"],
    ['SUBSCRIBE with a#', "82 07 0001 0002 'a#' 00"],
    ['SUBSCRIBE with wrong flags', "80 06 0001 0001 'a' 00"],
    ['UNSUBSCRIBE without filters', 'a2 02 0001'],
    ['PUBLISH to a+', "30 05 0002 'a+' 'x'"],
    ['PUBLISH to an empty topic', "30 03 0000 'x'"],
    ['PUBLISH with packet id 0', "32 06 0001 'a' 0000 'x'"],
    ['PUBLISH with DUP at QoS 0', "38 04 0001 'a' 'x'"],
    ['DISCONNECT with a body', 'e0 01 00'],
    ['PUBLISH with U+0000', "30 05 0002 'a' 00 'x'"],
    ['PUBLISH with ill-formed UTF-8', "30 05 0002 'a' ff 'x'"],
    ['an AUTH', 'f0 00'],
  ],
  5: [
    ['SUBSCRIBE without filters', '82 03 0001 00'],
    ['SUBSCRIBE with packet id 0', "82 07 0000 00 0001 'a' 00"],
    ['SUBSCRIBE with QoS 3', "82 07 0001 00 0001 'a' 03"],
    ['SUBSCRIBE with Retain Handling 3', "82 07 0001 00 0001 'a' 30"],
    ['SUBSCRIBE with reserved options', "82 07 0001 00 0001 'a' 40"],
    ['SUBSCRIBE with Subscription Identifier 0', "82 09 0001 02 0b00 0001 'a' 00"],
    ['SUBSCRIBE with a/#/b', "82 0b 0001 00 0005 'a/#/b' 00"],
    ['No Local on a Shared Subscription', "82 10 0001 00 000a '$share/g/a' 04"],
    ['UNSUBSCRIBE without filters', 'a2 03 0001 00'],
    ['PUBLISH to #', "30 05 0001 '#' 00 'x'"],
    ['PUBLISH without topic and alias', "30 04 0000 00 'x'"],
    ['PUBLISH with Topic Alias 0', "30 08 0001 'a' 03 230000 'x'"],
    ['PUBLISH with an unknown Topic Alias', "30 07 0000 03 230003 'x'"],
    ['PUBLISH with a Topic Alias above the maximum', "30 08 0001 'a' 03 23ffff 'x'"],
    ['PUBLISH with a Subscription Identifier', "30 07 0001 'a' 02 0b01 'x'"],
    ['PUBLISH with packet id 0', "32 07 0001 'a' 0000 00 'x'"],
    ['PUBLISH with a property twice', "30 09 0001 'a' 04 0100 0100 'x'"],
    ['PUBLISH with Payload Format Indicator 2', "30 07 0001 'a' 02 0102 'x'"],
    ['PUBLISH with an unknown property', "30 07 0001 'a' 02 7f00 'x'"],
    ['PUBLISH with Response Topic #', "30 09 0001 'a' 04 080001 '#' 'x'"],
    ['an AUTH', 'f0 00'],
    ['DISCONNECT with a server reason', 'e0 02 8b 00'],
    ['DISCONNECT with an unknown reason', 'e0 02 7e 00'],
  ],
}

const connect = (client: ClientIndex): StepArbitrary =>
  fc
    .record({
      cleanStart: fc.boolean(),
      isKept: fc.boolean(),
      will: fc.option(fc.record({ topic, qos, retain: fc.boolean(), delay: fc.constantFrom<(0 | 600)[]>(0, 0, 600) }), {
        nil: undefined,
      }),
    })
    .map(({ cleanStart, isKept, will }) => {
      const step = { client, kind: 'connect', cleanStart, expiry: isKept ? 3_600 : 0 } as const
      return will === undefined ? step : { ...step, will: { ...will, retain: will.retain && will.delay === 0 } }
    })

const subscribe = (client: ClientIndex, version: ProtocolVersion): StepArbitrary => {
  const is5 = version === 5
  const option = is5 ? fc.boolean() : fc.constant(false)
  const request = fc.record({
    filter,
    qos,
    noLocal: option,
    retainAsPublished: option,
    retainHandling: is5 ? fc.constantFrom<(0 | 1 | 2)[]>(0, 1, 2) : fc.constant(0 as const),
  })
  return fc
    .record({
      requests: fc.array(request, { minLength: 1, maxLength: 2 }),
      identifier: fc.option(fc.constantFrom(1, 300), { nil: undefined }),
    })
    .map(({ requests, identifier }) => {
      const step = { client, kind: 'subscribe', requests } as const
      return is5 && identifier !== undefined ? { ...step, identifier } : step
    })
}

const publishProperties = fc.record(
  {
    payloadFormatIndicator: fc.constant(1 as const),
    contentType: fc.constant('text/plain'),
    responseTopic: fc.constant('answers'),
    correlationData: fc.constant(Uint8Array.of(1, 2)),
    messageExpiryInterval: fc.constant(9_000),
    userProperties: fc.constant([
      ['k', '1'],
      ['k', '2'],
    ] as [string, string][]),
  },
  { requiredKeys: [] },
)

const publish = (client: ClientIndex, version: ProtocolVersion): StepArbitrary =>
  fc
    .record({
      topic,
      qos,
      retain: fc.boolean(),
      dup: fc.nat({ max: 9 }).map(chance => chance === 0),
      packetId,
      isReleased: fc.nat({ max: 19 }).map(chance => chance > 0),
      payload: fc.constantFrom('p', 'q', 'r', ''),
      properties: version === 5 ? fc.oneof(fc.constant({}), publishProperties) : fc.constant({}),
    })
    .map(({ qos, packetId, dup, isReleased, ...rest }) => {
      const delivery = {
        qos,
        dup: dup && qos > 0,
        packetId: qos === 0 ? 0 : packetId,
        isReleased: isReleased && qos === 2,
      }
      return { client, kind: 'publish', ...rest, ...delivery }
    })

/** One step of a client, mostly of those that a client has cause to do. */
function step(client: ClientIndex, version: ProtocolVersion): StepArbitrary {
  const manner = fc.constantFrom('all', 'all', 'all', 'one', 'twice', 'wrong')
  const fault = fc.constantFrom(...faults.every, ...faults[version])
  const expiry = version === 5 ? fc.option(fc.constantFrom(0, 3_600), { nil: undefined }) : fc.constant(undefined)
  const reasonCode = version === 5 ? fc.constantFrom<(0 | 4)[]>(0, 4) : fc.constant(0 as const)
  return fc.oneof(
    { weight: 4, arbitrary: connect(client) },
    { weight: 6, arbitrary: subscribe(client, version) },
    {
      weight: 2,
      arbitrary: fc
        .array(filter, { minLength: 1, maxLength: 2 })
        .map((filters): Step => ({ client, kind: 'unsubscribe', filters })),
    },
    { weight: 10, arbitrary: publish(client, version) },
    { weight: 2, arbitrary: packetId.map((packetId): Step => ({ client, kind: 'release', packetId })) },
    { weight: 5, arbitrary: manner.map((manner): Step => ({ client, kind: 'acknowledge', manner: manner as 'all' })) },
    {
      weight: 2,
      arbitrary: fc.record({ reasonCode, expiry }).map(
        ({ reasonCode, expiry }): Step => ({
          ...{ client, kind: 'disconnect', reasonCode },
          ...(expiry === undefined ? {} : { expiry }),
        }),
      ),
    },
    { weight: 2, arbitrary: fc.constant<Step>({ client, kind: 'drop' }) },
    { weight: 2, arbitrary: fault.map(([name, bytes]): Step => ({ client, kind: 'bytes', name, bytes })) },
  )
}

/** Scripts in which both clients connect first, and then do what they like. */
export const script: fc.Arbitrary<Script> = fc
  .tuple(fc.constantFrom<ProtocolVersion[]>(4, 5), fc.constantFrom<ProtocolVersion[]>(4, 5))
  .chain(([first, second]) => {
    const steps = fc.array(fc.oneof(step(0, first), step(1, second)), { minLength: 3, maxLength: 24, size: 'max' })
    return fc.record({
      versions: fc.constant([first, second] as const),
      steps: fc.tuple(connect(0), connect(1), steps).map(([one, other, rest]) => [one, other, ...rest]),
    })
  })
