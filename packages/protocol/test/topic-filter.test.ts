import { matchesTopicFilter } from '@curlew/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

/** Section 4.7, its examples first, each with what else decides. */
const matches: [filter: string, topics: string[], others: string[]][] = [
  [
    'sport/tennis/player1/#',
    ['sport/tennis/player1', 'sport/tennis/player1/ranking', 'sport/tennis/player1/score/wimbledon'],
    ['sport/tennis/player2', 'sport/tennis', 'sport/tennis/player1x'],
  ],
  ['sport/#', ['sport', 'sport/', 'sport/tennis', 'sport//'], ['sports', 'sports/tennis', 'Sport', '/sport']],
  ['#', ['a', '/', 'a/b/c', 'a/$b'], ['$SYS', '$SYS/uptime', '$']],
  ['sport/tennis/+', ['sport/tennis/player1', 'sport/tennis/'], ['sport/tennis', 'sport/tennis/player1/ranking']],
  ['sport/+', ['sport/', 'sport/tennis'], ['sport', 'sport/tennis/player1', 'sport//']],
  ['+', ['finance', 'a$'], ['/finance', 'finance/', '$SYS']],
  ['+/+', ['/finance', 'a/b', '/', 'finance/'], ['finance', 'a/b/c', '$SYS/uptime']],
  ['/+', ['/finance', '/', '/$SYS'], ['finance', '//']],
  ['+/tennis/#', ['sport/tennis', '/tennis', 'sport/tennis/a/b'], ['tennis', '$sport/tennis', 'a/b/tennis']],
  ['sport/+/player1', ['sport/tennis/player1', 'sport//player1'], ['sport/player1', 'sport/a/b/player1']],
  ['+/#', ['a', 'a/b', '/', '/a/b'], ['$SYS', '$SYS/a']],
  ['a/+/#', ['a/b', 'a/', 'a/b/c', 'a//'], ['a', 'b/c']],
  ['a/+/+', ['a/b/c', 'a//'], ['a', 'a/b', 'a/b/c/d']],
  ['/#', ['/', '/a', '//'], ['a', 'a/']],
  ['$SYS/#', ['$SYS', '$SYS/', '$SYS/monitor/Clients'], ['SYS', '$SYSx', '$sys']],
  ['$SYS/monitor/+', ['$SYS/monitor/Clients'], ['$SYS/monitor', '$SYS/monitor/a/b']],
  ['$SYS/+', ['$SYS/uptime', '$SYS/$uptime'], ['$SYS']],
  ['a/b', ['a/b'], ['a', 'a/', 'a/b/', '/a/b', 'A/b', 'a/B', 'a/bc', 'ab']],
  ['a', ['a'], ['a/', '/a', 'aa', 'b']],
  ['/', ['/'], ['a', '//', '/a', 'a/']],
  ['a//b', ['a//b'], ['a/b', 'a/x/b']],
]

describe.each(matches)('%s', (filter, topics, others) => {
  test.each(topics)('matches %s', topic => {
    expect(matchesTopicFilter(filter, topic)).toBe(true)
  })

  test.each(others)('does not match %s', topic => {
    expect(matchesTopicFilter(filter, topic)).toBe(false)
  })
})

const ownTopics: [filter: string, topic: string][] = [
  ['#', '$SYS'],
  ['#', '$'],
  ['+', '$SYS'],
  ['+/monitor/Clients', '$SYS/monitor/Clients'],
  ['+/#', '$SYS/monitor/Clients'],
]
test.each(ownTopics)(
  '[MQTT-4.7.2-1] [MQTT3-4.7.2-1] %s, which starts with a wildcard, does not match %s',
  (filter, topic) => {
    expect(matchesTopicFilter(filter, topic)).toBe(false)
  },
)

const exact: [filter: string, topic: string][] = [
  ['ACCOUNTS', 'Accounts'],
  ['caf\u00e9', 'cafe\u0301'],
  ['a b', 'a  b'],
  ['\ufeffa', 'a'],
  ['a/./b', 'a/b'],
  ['a/../b', 'b'],
]
test.each(exact)('[MQTT-4.7.3-4] [MQTT3-4.7.3-4] %j does not match %j, as nothing is normalized', (filter, topic) => {
  expect(matchesTopicFilter(filter, topic)).toBe(false)
  expect(matchesTopicFilter(filter, filter)).toBe(true)
})

/** Section 4.7 once more, level by level. */
function matchesLevels([level, ...filter]: string[], topic: string[]): boolean {
  if (level === '#') return true
  if (level === undefined) return topic.length === 0
  const [name, ...rest] = topic
  if (name === undefined) return false
  if (level !== '+' && level !== name) return false
  if (rest.length === 0 && filter.join('/') === '#') return true
  return matchesLevels(filter, rest)
}

function isMatch(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false
  return matchesLevels(filter.split('/'), topic.split('/'))
}

const names = ['', 'a', 'b', 'aa', '$', '$a']
const topicNames = fc
  .array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 })
  .map(levels => levels.join('/'))
  .filter(topic => topic !== '')
const topicFilters = fc
  .tuple(fc.array(fc.constantFrom('+', '+', ...names), { maxLength: 4 }), fc.boolean())
  .map(([levels, isOpen]) => [...levels, ...(isOpen ? ['#'] : [])].join('/'))
  .filter(filter => filter !== '')

test('any Topic Filter and any Topic Name match as section 4.7 reads level by level', () => {
  fc.assert(
    fc.property(topicFilters, topicNames, (filter, topic) => {
      expect(matchesTopicFilter(filter, topic)).toBe(isMatch(filter, topic))
    }),
    { numRuns: 20_000 },
  )
})

test('a Topic Filter made from a Topic Name by putting wildcards in matches it', () => {
  const choices = fc.array(fc.constantFrom('keep', 'single', 'multi'), { minLength: 4, maxLength: 4 })

  fc.assert(
    fc.property(topicNames, choices, (topic, [first, ...others]) => {
      fc.pre(!topic.startsWith('$') || first === 'keep')
      const filter = withWildcards(topic.split('/'), [first!, ...others])

      expect(matchesTopicFilter(filter, topic)).toBe(true)
    }),
    { numRuns: 5000 },
  )
})

function withWildcards(levels: string[], choices: string[]): string {
  const open = choices.slice(0, levels.length).indexOf('multi')
  const kept = open === -1 ? levels : levels.slice(0, open)
  const named = kept.map((level, index) => (choices[index] === 'single' ? '+' : level))
  return (open === -1 ? named : [...named, '#']).join('/')
}
