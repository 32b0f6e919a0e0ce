import { describe, expect, test } from 'vitest'
import { StateFault } from '../../src/store/state-fields.ts'
import { StateReader } from '../../src/store/state-reader.ts'

const header = { type: 'header', format: 'curlew-state', version: 1, exportedAtMs: 0 }
const session = { type: 'session', clientId: 'a', expiryInterval: 60 }
const message = { topic: 't', qos: 1, retain: false, publisherId: 'p', payload: 'eA==' }
const subscription = {
  type: 'subscription',
  clientId: 'a',
  filter: 'f/#',
  qos: 1,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
}
const queued = {
  type: 'queued',
  clientId: 'a',
  sequence: 4,
  qos: 2,
  retain: false,
  isReleased: false,
  subscriptionIdentifiers: [],
  message,
}
const incoming = { type: 'incoming', clientId: 'a', packetId: 1 }
const retained = { type: 'retained', message }
const end = { type: 'end', sessions: 1, subscriptions: 1, queued: 1, incoming: 1, retained: 1 }
const all = [header, session, subscription, queued, incoming, retained, end]

/** Reads lines. @returns what is wrong, each with the number of its line */
function faultsIn(lines: readonly unknown[]): string[] {
  const reader = new StateReader({ monotonicMs: 0, wallClockMs: 0 })
  const faults: string[] = []
  const attempt = (number: number, action: () => void): void => {
    try {
      action()
    } catch (error) {
      if (!(error instanceof StateFault)) throw error
      faults.push(`${number}: ${error.message}`)
    }
  }
  for (const [index, line] of lines.entries()) {
    attempt(index + 1, () => reader.read(typeof line === 'string' ? line : JSON.stringify(line)))
  }
  attempt(lines.length + 1, () => reader.finish())
  return faults
}

test('lines that are right have no faults, and are counted', () => {
  const reader = new StateReader({ monotonicMs: 0, wallClockMs: 0 })
  for (const line of all) reader.read(JSON.stringify(line))
  reader.finish()

  expect(reader.counts).toEqual({ sessions: 1, subscriptions: 1, queued: 1, incoming: 1, retained: 1 })
  expect([[...reader.clientIds], [...reader.topics]]).toEqual([['a'], ['t']])
})

test('all that may be left out and all that may be there is taken', () => {
  const properties = {
    payloadFormatIndicator: 1,
    contentType: '',
    responseTopic: 'r',
    correlationData: '',
    userProperties: [['', '']],
  }
  const will = { delayInterval: 0, message: { ...message, properties, expiresAtMs: 1, payload: '' } }
  const whole = { ...will, dueAtMs: 1, messageExpiryInterval: 0xffffffff }
  const lines = [
    header,
    { ...session, will },
    { ...session, clientId: '\u0001departed-x', expiryInterval: 0xffffffff, disconnectedAtMs: 1, will: whole },
    { ...end, sessions: 2, subscriptions: 0, queued: 0, incoming: 0, retained: 0 },
  ]

  expect(faultsIn(lines)).toEqual([])
})

/** Reads the lines with one of them changed. */
function faultsWith(index: number, changed: unknown): string[] {
  return faultsIn(all.with(index, changed as (typeof all)[number]))
}

describe('a fault names its field', () => {
  const faults: [index: number, changed: unknown, ...faults: string[]][] = [
    [0, { ...header, format: 'x' }, '1: format must be "curlew-state"'],
    [0, { ...header, version: 2 }, '1: version is 2; this version of Curlew reads up to 1'],
    [0, { ...header, exportedAtMs: -1 }, '1: exportedAtMs must be a whole number from 0 to 9007199254740991, not -1'],
    [1, '{"type":"session",', '2: is not JSON'],
    [1, '[]', '2: the line must be an object, not []'],
    [1, { ...session, type: 'x' }, '2: type is "x", which this version of Curlew does not know'],
    [1, { ...session, expiry: 1 }, '2: expiry is not a field of this line'],
    [1, { ...session, clientId: 1 }, '2: clientId must be a text, not 1'],
    [
      1,
      { ...session, expiryInterval: 2 ** 32 },
      '2: expiryInterval must be a whole number from 0 to 4294967295, not 4294967296',
    ],
    [1, { ...session, will: [] }, '2: will must be an object, not []'],
    [1, { ...session, will: { delayInterval: 0 } }, '2: will.message must be an object, not undefined'],
    [2, { ...subscription, clientId: 'b' }, '3: clientId must be "a", the Session that these lines follow'],
    [2, { ...subscription, filter: 'a/#/b' }, '3: filter must be a Topic Filter, not "a/#/b"'],
    [2, { ...subscription, qos: 3 }, '3: qos must be one of 0, 1, 2, not 3'],
    [2, { ...subscription, filter: '$share/g/t', noLocal: true }, '3: noLocal must be false for a Shared Subscription'],
    [2, { ...subscription, identifier: 0 }, '3: identifier must be a whole number from 1 to 268435455, not 0'],
    [
      3,
      { ...queued, sequence: undefined },
      '4: sequence must be a whole number from 0 to 9007199254740991; it is not there',
    ],
    [3, { ...queued, qos: 1, isReleased: true }, '4: isReleased must be false at QoS 1'],
    [3, { ...queued, retain: 'no' }, '4: retain must be true or false, not "no"'],
    [3, { ...queued, sharedFilter: 't' }, '4: sharedFilter must be the Topic Filter of a Shared Subscription, not "t"'],
    [
      3,
      { ...queued, subscriptionIdentifiers: [0] },
      '4: subscriptionIdentifiers must be a list of whole numbers from 1 to 268435455, not [0]',
    ],
    [3, { ...queued, message: { ...message, payload: 'eA=' } }, '4: message.payload must be base64, not "eA="'],
    [3, { ...queued, message: { ...message, payload: 'e*==' } }, '4: message.payload must be base64, not "e*=="'],
    [3, { ...queued, message: { ...message, topic: 'a/+' } }, '4: message.topic must be a Topic Name, not "a/+"'],
    [
      3,
      { ...queued, message: { ...message, topic: 'a\0' } },
      '4: message.topic must not contain U+0000, not "a\\u0000"',
    ],
    [
      3,
      { ...queued, message: { ...message, topic: 'a\ud800' } },
      '4: message.topic must not contain half of a surrogate pair, not "a\\ud800"',
    ],
    [
      3,
      { ...queued, message: { ...message, topic: 'ä'.repeat(32_768) } },
      `4: message.topic must have at most 65535 bytes, not "${'ä'.repeat(39)}…`,
    ],
    [
      3,
      { ...queued, message: { ...message, properties: { userProperties: [['a']] } } },
      '4: message.properties.userProperties must be a list of pairs of texts, not [["a"]]',
    ],
    [
      3,
      { ...queued, message: { ...message, properties: { topicAlias: 1 } } },
      '4: message.properties.topicAlias is not a field of this line',
    ],
    [4, { ...incoming, packetId: 65_536 }, '5: packetId must be a whole number from 1 to 65535, not 65536'],
    [
      5,
      { ...retained, message: { ...message, payload: '' } },
      '6: message.payload must not be empty in a retained message',
    ],
    [6, { ...end, queued: 2 }, '7: queued is 2, but there are 1 lines of that kind'],
  ]
  for (const [index, changed, ...expected] of faults) {
    test(expected[0]!.slice(3, 100), () => {
      expect(faultsWith(index, changed)).toEqual(expected)
    })
  }
})

describe('lines stand in their order', () => {
  const faults: [what: string, lines: unknown[], ...faults: string[]][] = [
    ['nothing at all', [], '1: the last line, of type "end", is missing: the file is cut off'],
    [
      'no header',
      [session, header],
      '1: type must be "header" in the first line, not "session"',
      '3: the last line, of type "end", is missing: the file is cut off',
    ],
    ['two headers', [header, header, ...all.slice(1)], '2: type must not be "header" but in the first line'],
    ['a Session twice', [header, session, ...all.slice(1)], '3: clientId "a" is there already'],
    ['a Subscription twice', [header, session, subscription, ...all.slice(2)], '4: filter "f/#" is there already'],
    [
      'a message twice',
      [header, session, queued, ...all.slice(2)],
      '5: sequence must be more than 4, which the message before has',
    ],
    ['a Packet Identifier twice', [header, session, incoming, ...all.slice(2)], '6: packetId 1 is there already'],
    ['a topic twice', [header, retained, ...all.slice(1)], '7: message.topic "t" has a retained message already'],
    ['something behind the end', [...all, retained], '8: stands behind the last line'],
    ['no end', all.slice(0, -1), '7: the last line, of type "end", is missing: the file is cut off'],
  ]
  for (const [what, lines, ...expected] of faults) {
    test(`${what} is a fault`, () => {
      expect(faultsIn(lines)).toEqual(expected)
    })
  }
})
