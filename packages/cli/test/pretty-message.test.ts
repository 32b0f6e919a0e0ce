import { expect, test } from 'vitest'
import { prettyMessage } from '../src/client/pretty-message.ts'
import type { PrintedMessage } from '../src/client/printed-message.ts'
import { columns } from '../src/client/terminal-text.ts'
import type { Style } from '../src/output.ts'

const plain: Style = { strong: text => text, faint: text => text, warning: text => text }
const marked: Style = { strong: text => `<b>${text}</b>`, faint: text => `<i>${text}</i>`, warning: text => text }

function message(payload: string | Buffer, fields: Partial<PrintedMessage> = {}): PrintedMessage {
  const arrival = { date: new Date(2026, 4, 6, 21, 4, 5), nanoseconds: 0 }
  return {
    topic: 'a/b',
    payload: Buffer.from(payload as string),
    qos: 0,
    retain: false,
    packetId: 0,
    properties: {},
    arrival,
    ...fields,
  }
}

const layouts: [what: string, message: PrintedMessage, width: number, lines: string[]][] = [
  ['a short text beside its topic', message('21.5'), 80, ['21:04:05 a/b 21.5']],
  ['a text with one line end', message('x\n'), 80, ['21:04:05 a/b x']],
  ['a text that does not fit below its topic', message('a long text'), 20, ['21:04:05 a/b', '  a long text']],
  ['several lines', message('one\ntwo'), 80, ['21:04:05 a/b', '  one', '  two']],
  ['nothing', message(''), 80, ['21:04:05 a/b (empty)']],
  ['QoS and retain', message('x', { qos: 1, retain: true }), 80, ['21:04:05 a/b (qos 1, retained) x']],
  ['JSON that fits', message('{ "a": [1, 2] }'), 80, ['21:04:05 a/b {"a":[1,2]}']],
  [
    'JSON that does not fit',
    message('{ "a": [1, {"b": 2}] }'),
    24,
    ['21:04:05 a/b', '  {', '    "a": [1, {', '        "b": 2', '      }]', '  }'],
  ],
  ['a number, which is JSON as well, as it came', message('1.50'), 80, ['21:04:05 a/b 1.50']],
  ['bytes', message(Buffer.from([0, 255, 16])), 80, ['21:04:05 a/b 3 bytes: 00 ff 10']],
  [
    'as many bytes as fit',
    message(Buffer.alloc(300, 255)),
    40,
    ['21:04:05 a/b', `  300 bytes: ${'ff '.repeat(8).trim()} …`],
  ],
  [
    'escapes in place of control characters',
    message('\u001b[31mred\u0007\u009b'),
    80,
    ['21:04:05 a/b \\x1b[31mred\\x07\\x9b'],
  ],
  ['escapes of what turns the direction of writing', message('a\u202eb'), 80, ['21:04:05 a/b a\\u202eb']],
  ['escapes in the topic', message('x', { topic: 'a\u001b]0;t' }), 80, ['21:04:05 a\\x1b]0;t x']],
  ['wide characters by their width', message('漢漢漢'), 18, ['21:04:05 a/b', '  漢漢漢']],
]
for (const [what, shown, width, lines] of layouts) {
  test(`a terminal of ${width} columns shows ${what}`, () => {
    const text = prettyMessage(shown, { width, style: plain, isVerbose: false })

    expect(text).toBe(`${lines.join('\n')}\n`)
  })
}

test('time, topic, flags and names in JSON are set off', () => {
  const text = prettyMessage(message('{"a":1}', { qos: 2 }), { width: 80, style: marked, isVerbose: false })

  expect(text).toBe('<i>21:04:05</i> <b>a/b</b> <i>(qos 2)</i> {<i>"a"</i>:1}\n')
})

test('-v shows the properties below', () => {
  const properties = { contentType: 'text/plain', userProperties: [['k', 'v\n']] as const, messageExpiryInterval: 5 }

  const text = prettyMessage(message('x', { properties }), { width: 80, style: plain, isVerbose: true })

  expect(text).toBe(
    '21:04:05 a/b x\n  content-type: text/plain\n  message-expiry-interval: 5\n  user-property k: v\\x0a\n',
  )
})

const widths: [text: string, count: number][] = [
  ['abc', 3],
  ['é', 1],
  ['e\u0301', 1],
  ['漢字', 4],
  ['🙂', 2],
]
for (const [text, count] of widths) {
  test(`${text} takes ${count} columns`, () => {
    expect(columns(text)).toBe(count)
  })
}
