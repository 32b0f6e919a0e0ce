import { ProtocolError, ReasonCode } from '@curlew/codec'
import { IncomingTopicAliases, OutgoingTopicAliases } from '@curlew/protocol'
import { describe, expect, test } from 'vitest'

describe('incoming', () => {
  test('an alias stands for the Topic Name it came with', () => {
    const aliases = new IncomingTopicAliases(10)

    const first = aliases.resolve('a/b', 1)
    const second = aliases.resolve('', 1)

    expect([first, second]).toEqual(['a/b', 'a/b'])
  })

  test('a Topic Name sent with an alias in use replaces what it stands for', () => {
    const aliases = new IncomingTopicAliases(10)
    aliases.resolve('a', 1)
    aliases.resolve('b', 2)

    aliases.resolve('c', 1)

    expect([aliases.resolve('', 1), aliases.resolve('', 2)]).toEqual(['c', 'b'])
  })

  test('two aliases may stand for one Topic Name', () => {
    const aliases = new IncomingTopicAliases(10)
    aliases.resolve('a', 1)
    aliases.resolve('a', 2)

    expect([aliases.resolve('', 1), aliases.resolve('', 2)]).toEqual(['a', 'a'])
  })

  test.each([1, 2, 65_535])(
    '[MQTT-3.3.2-10] [MQTT-3.3.2-12] with Topic Alias Maximum 65 535, alias %d is accepted',
    alias => {
      const aliases = new IncomingTopicAliases(65_535)

      expect(aliases.resolve('a', alias)).toBe('a')
      expect(aliases.resolve('', alias)).toBe('a')
    },
  )

  const refused: [maximum: number, alias: number, statement: string][] = [
    [10, 11, '[MQTT-3.3.2-9]'],
    [10, 65_535, '[MQTT-3.3.2-9]'],
    [0, 1, '[MQTT-3.3.2-9]'],
    [10, 0, '[MQTT-3.3.2-8]'],
    [0, 0, '[MQTT-3.3.2-8]'],
  ]
  test.each(refused)('with Topic Alias Maximum %d, alias %d is refused with 0x94 %s', (maximum, alias, statement) => {
    const aliases = new IncomingTopicAliases(maximum)

    const resolve = (): string => aliases.resolve('a', alias)

    expect(resolve).toThrow(ProtocolError)
    expect(resolve).toThrow(expect.objectContaining({ reasonCode: ReasonCode.TopicAliasInvalid, statement }))
  })

  test('an alias without Topic Name that has not been set is a Protocol Error', () => {
    const aliases = new IncomingTopicAliases(10)
    aliases.resolve('a', 1)

    const resolve = (): string => aliases.resolve('', 2)

    expect(resolve).toThrow(ProtocolError)
    expect(resolve).toThrow(expect.objectContaining({ reasonCode: ReasonCode.ProtocolError }))
  })

  test('[MQTT-3.3.2-7] the aliases of a new Network Connection, which has its own table, are not set', () => {
    new IncomingTopicAliases(10).resolve('a', 1)

    const ofNextConnection = new IncomingTopicAliases(10)

    expect(() => ofNextConnection.resolve('', 1)).toThrow(ProtocolError)
  })
})

describe('outgoing', () => {
  test('the first PUBLISH to a topic has no alias, the second sets one, those after it carry the alias only', () => {
    const aliases = new OutgoingTopicAliases(10)

    expect(aliases.assign('a')).toBeUndefined()
    expect(aliases.assign('a')).toEqual({ alias: 1, isKnown: false })
    expect(aliases.assign('a')).toEqual({ alias: 1, isKnown: true })
  })

  test('[MQTT-3.3.2-8] topics that come again get aliases from 1 on', () => {
    const aliases = new OutgoingTopicAliases(10)

    const given = ['a', 'b', 'c', 'b', 'a', 'c', 'b'].map(topic => aliases.assign(topic)?.alias)

    expect(given).toEqual([undefined, undefined, undefined, 1, 2, 3, 1])
  })

  test('[MQTT-3.3.2-9] [MQTT-3.3.2-11] when all aliases are taken, the one given longest ago is set anew', () => {
    const aliases = new OutgoingTopicAliases(2)
    for (const topic of ['a', 'a', 'b', 'b', 'c']) aliases.assign(topic)

    expect(aliases.assign('c')).toEqual({ alias: 1, isKnown: false })
    expect(aliases.assign('b')).toEqual({ alias: 2, isKnown: true })
    expect(aliases.assign('a')).toBeUndefined()
    expect(aliases.assign('a')).toEqual({ alias: 2, isKnown: false })
  })

  test('an alias whose PUBLISH was not sent is not known to the receiver', () => {
    const aliases = new OutgoingTopicAliases(2)
    aliases.assign('a')
    aliases.assign('a')

    aliases.forget('a')

    expect([aliases.assign('a'), aliases.assign('a')?.isKnown]).toEqual([undefined, false])
  })

  test('topics that do not come again within four times the number of aliases are forgotten', () => {
    const aliases = new OutgoingTopicAliases(1)

    const given = ['a', 'b', 'c', 'd', 'e', 'a'].map(topic => aliases.assign(topic))

    expect(given).toEqual([undefined, undefined, undefined, undefined, undefined, undefined])
  })

  test('[MQTT-3.1.2-27] [MQTT-3.2.2-18] a receiver that announced 0 or nothing gets no alias', () => {
    expect(new OutgoingTopicAliases(0).assign('a')).toBeUndefined()
  })

  test('all 65 535 aliases can be given', () => {
    const aliases = new OutgoingTopicAliases(65_535)
    const names = Array.from({ length: 65_535 }, (_, index) => `topic ${index}`)

    const given = names.map(name => aliases.assign(name) ?? aliases.assign(name)?.alias)

    expect(new Set(given).size).toBe(65_535)
  })
})

test('what one end sends with aliases, the other resolves', () => {
  const outgoing = new OutgoingTopicAliases(2)
  const incoming = new IncomingTopicAliases(2)
  const topics = ['a', 'b', 'a', 'c', 'b', 'c', 'a']

  const resolved = topics.map(topic => {
    const assigned = outgoing.assign(topic)
    return assigned ? incoming.resolve(assigned.isKnown ? '' : topic, assigned.alias) : topic
  })

  expect(resolved).toEqual(topics)
})
