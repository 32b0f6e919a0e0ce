import {
  countTopicLevels,
  decodePacket,
  hasWildcards,
  isSharedFilter,
  isTopicFilter,
  PacketDecoder,
  type Publish,
  parseSharedFilter,
  TopicNames,
} from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { frame } from './frame.ts'
import { bytesOf } from './notation.ts'

describe('Topic Names', () => {
  const rows: [name: string, isValid: boolean, statement: string][] = [
    ['', false, '[MQTT-4.7.3-1]'],
    [' ', true, '[MQTT-4.7.3-1]'],
    ['#', false, '[MQTT-4.7.0-1]'],
    ['+', false, '[MQTT-4.7.0-1]'],
    ['a/#', false, '[MQTT-4.7.0-1]'],
    ['a+b', false, '[MQTT-4.7.0-1]'],
    ['a\0b', false, '[MQTT-4.7.3-2]'],
    ['/', true, '[MQTT-4.7.0-1]'],
    ['//a//', true, '[MQTT-4.7.0-1]'],
    ['$SYS/a', true, '[MQTT-4.7.0-1]'],
    ['$share/g/a', true, '[MQTT-4.7.0-1]'],
    ['Ünï/côdé/🐦', true, '[MQTT-4.7.3-4]'],
    ['x'.repeat(65_535), true, '[MQTT-4.7.3-3]'],
  ]
  for (const [name, isValid, statement] of rows) {
    test(`${statement} ${JSON.stringify(name.slice(0, 20))} is ${isValid ? 'one' : 'none'}`, () => {
      expect(TopicNames.isValid(name)).toBe(isValid)
    })
  }
})

describe('Topic Filters', () => {
  const rows: [filter: string, isValid: boolean, statement: string][] = [
    ['', false, '[MQTT-4.7.3-1]'],
    ['#', true, '[MQTT-4.7.1-1]'],
    ['/#', true, '[MQTT-4.7.1-1]'],
    ['sport/tennis/#', true, '[MQTT-4.7.1-1]'],
    ['sport/tennis#', false, '[MQTT-4.7.1-1]'],
    ['sport/tennis/#/ranking', false, '[MQTT-4.7.1-1]'],
    ['##', false, '[MQTT-4.7.1-1]'],
    ['#/', false, '[MQTT-4.7.1-1]'],
    ['#a', false, '[MQTT-4.7.1-1]'],
    ['+#', false, '[MQTT-4.7.1-1]'],
    ['+', true, '[MQTT-4.7.1-2]'],
    ['+/tennis/#', true, '[MQTT-4.7.1-2]'],
    ['sport/+/player1', true, '[MQTT-4.7.1-2]'],
    ['/+', true, '[MQTT-4.7.1-2]'],
    ['+/+', true, '[MQTT-4.7.1-2]'],
    ['+/', true, '[MQTT-4.7.1-2]'],
    ['sport+', false, '[MQTT-4.7.1-2]'],
    ['+sport', false, '[MQTT-4.7.1-2]'],
    ['++', false, '[MQTT-4.7.1-2]'],
    ['a/++/b', false, '[MQTT-4.7.1-2]'],
    ['a/+b/c', false, '[MQTT-4.7.1-2]'],
    ['a\0', false, '[MQTT-4.7.3-2]'],
    ['$share/g\0/a', false, '[MQTT-4.7.3-2]'],
    ['$SYS/#', true, '[MQTT-4.7.2-1]'],
    ['+/'.repeat(32_767), true, '[MQTT-4.7.3-3]'],
    [`${'/'.repeat(65_534)}#`, true, '[MQTT-4.7.3-3]'],
    ['$share/g/#', true, '[MQTT-4.8.2-1]'],
    ['$share//a', false, '[MQTT-4.8.2-1]'],
    ['$share/', false, '[MQTT-4.8.2-1]'],
    ['$share//', false, '[MQTT-4.8.2-1]'],
    ['$share', true, '[MQTT-4.8.2-1]'],
    ['$shared/a', true, '[MQTT-4.8.2-1]'],
    ['$SHARE//a', true, '[MQTT-4.8.2-1]'],
    ['$share/g', false, '[MQTT-4.8.2-2]'],
    ['$share/g/', false, '[MQTT-4.8.2-2]'],
    ['$share/g//', true, '[MQTT-4.8.2-2]'],
    ['$share/+/a', false, '[MQTT-4.8.2-2]'],
    ['$share/a#/a', false, '[MQTT-4.8.2-2]'],
    ['$share/g/a+', false, '[MQTT-4.8.2-2]'],
    ['$share/g/$share/h/a', true, '[MQTT-4.8.2-2]'],
  ]
  for (const [filter, isValid, statement] of rows) {
    test(`${statement} ${JSON.stringify(filter.slice(0, 30))} is ${isValid ? 'one' : 'none'}`, () => {
      expect(isTopicFilter(filter)).toBe(isValid)
    })
  }
})

describe('Shared Subscriptions', () => {
  const rows: [filter: string, isShared: boolean, parts: ReturnType<typeof parseSharedFilter>][] = [
    ['$share/g/a/#', true, { shareName: 'g', filter: 'a/#' }],
    ['$share/two words//', true, { shareName: 'two words', filter: '/' }],
    ['$share/g/$share/h/a', true, { shareName: 'g', filter: '$share/h/a' }],
    ['$share/g', true, undefined],
    ['$share//a', true, undefined],
    ['$share/g+/a', true, undefined],
    ['$share/g/a#', true, undefined],
    ['$share', false, undefined],
    ['share/g/a', false, undefined],
    ['a/$share/g/b', false, undefined],
  ]
  for (const [filter, isShared, parts] of rows) {
    test(`[MQTT-4.8.2-1] the parts of ${filter} are ${parts ? 'found' : 'not there'}`, () => {
      expect([isSharedFilter(filter), parseSharedFilter(filter)]).toEqual([isShared, parts])
    })
  }
})

test('levels are counted, however many there are', () => {
  const topics = ['a', '/', 'a/b', '/a/', '/'.repeat(65_535)]

  expect(topics.map(countTopicLevels)).toEqual([1, 2, 2, 3, 65_536])
})

test('65 535 slashes are understood wherever a topic may stand', () => {
  const packets = [
    frame('30', "ffff '/'*65535"),
    frame('82', "0001 ffff '/'*65535 00"),
    frame('a2', "0001 ffff '/'*65535"),
    frame('10', "0004 'MQTT' 04 06 0000 0000 ffff '/'*65535 0000"),
  ]

  const version4 = { receiver: 'server', version: 4 } as const
  const options = [version4, version4, version4, { receiver: 'server' } as const] // a CONNECT tells its version
  const decoded = packets.map((bytes, index) => decodePacket(bytes, options[index]!))

  expect(decoded).toHaveLength(4)
})

test('wildcards are found', () => {
  expect(['a/+', '#', 'a', ''].map(hasWildcards)).toEqual([true, true, false, false])
})

describe('the memory of Topic Names', () => {
  const publishTo = (topic: string): Uint8Array => frame('30', `${topic} 'payload'`)
  const topicOf = (decoder: PacketDecoder, bytes: Uint8Array): string => {
    decoder.push(bytes)
    return (decoder.next() as Publish).topic
  }

  test('gives each name its own string, although it keeps only one', () => {
    const decoder = new PacketDecoder({ receiver: 'server', version: 4, topicNames: new TopicNames(1) })
    const names = ["0003 'a/b'", "0003 'a/c'", "0003 'a/b'", "0002 'a/'", "0004 'a/bc'", "0003 'a/b'"]

    const topics = names.map(name => topicOf(decoder, publishTo(name)))

    expect(topics).toEqual(['a/b', 'a/c', 'a/b', 'a/', 'a/bc', 'a/b'])
  })

  test('does not change with the chunk it was read from', () => {
    const decoder = new PacketDecoder({ receiver: 'server', version: 4 })
    const chunk = publishTo("0003 'a/b'")
    const buffer = Buffer.from(chunk)
    topicOf(decoder, buffer)

    buffer.write('x/y', 4)
    const changed = topicOf(decoder, buffer)
    const again = topicOf(decoder, chunk)

    expect([changed, again]).toEqual(['x/y', 'a/b'])
  })

  test('remembers nothing that is refused', () => {
    const topicNames = new TopicNames()
    const refused = [1, 2, 3].map(() => {
      const decoder = new PacketDecoder({ receiver: 'server', version: 4, topicNames })
      decoder.push(publishTo("0003 'a/#'"))
      return () => decoder.next()
    })

    for (const next of refused) expect(next).toThrow(/wildcard/)
  })

  test('does not keep names of more than 256 bytes, and understands them all the same', () => {
    const decoder = new PacketDecoder({ receiver: 'server', version: 4 })
    const lengths = [256, 257, 256, 257]

    const topics = lengths.map(length =>
      topicOf(decoder, publishTo(`${length.toString(16).padStart(4, '0')} 'x'*${length}`)),
    )

    expect(topics.map(topic => topic.length)).toEqual(lengths)
  })

  test('may be shared by decoders', () => {
    const topicNames = new TopicNames()
    const decoders = [1, 2].map(() => new PacketDecoder({ receiver: 'server', version: 4, topicNames }))

    const topics = decoders.map(decoder => topicOf(decoder, bytesOf("30 05 0003 'a/b'")))

    expect(topics).toEqual(['a/b', 'a/b'])
  })
})
