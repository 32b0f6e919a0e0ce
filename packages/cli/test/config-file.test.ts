import { expect, test } from 'vitest'
import { ConfigFileError, parseConfig } from '../src/config-file.ts'
import { runCurlew } from './curlew-process.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** What the reader says about a text: its faults, or nothing. */
function faultsOf(text: string): readonly string[] {
  try {
    parseConfig(text, 'c.yaml')
    return []
  } catch (error) {
    if (error instanceof ConfigFileError) return error.faults
    throw error
  }
}

const faults: [what: string, text: string, ...faults: string[]][] = [
  ['an unknown name', 'limit: {}', 'c.yaml:1:1: limit is not an option: did you mean limits?'],
  [
    'letters in the wrong order',
    'limits:\n  recieveMaximum: 9',
    'c.yaml:2:3: limits.recieveMaximum is not an option: did you mean receiveMaximum?',
  ],
  [
    'a wrong case',
    'listeners:\n- protocol: mqtt\n  Port: 1',
    'c.yaml:3:3: listeners[0].Port is not an option: did you mean port?',
  ],
  ['a name in the wrong place', 'port: 1883', 'c.yaml:1:1: port is not an option here: did you mean listeners[].port?'],
  [
    'a limit in the wrong place',
    'packetBytesMax: 1',
    'c.yaml:1:1: packetBytesMax is not an option here: did you mean limits.packetBytesMax?',
  ],
  [
    'a name like no other',
    'zzz: 1',
    'c.yaml:1:1: zzz is not an option: there are listeners, data, durability, queuePolicy, limits, capabilities, routing, log',
  ],
  [
    'a limit like no other',
    'limits: { zzz: 1 }',
    'c.yaml:1:11: limits.zzz is not an option: docs/reference/configuration.md lists all',
  ],
  [
    'a name that every object has',
    'constructor: 1\nhasOwnProperty: 2',
    'c.yaml:1:1: constructor is not an option: there are listeners, data, durability, queuePolicy, limits, capabilities, routing, log',
    'c.yaml:2:1: hasOwnProperty is not an option: there are listeners, data, durability, queuePolicy, limits, capabilities, routing, log',
  ],
  [
    'a name that is no text',
    '1883: x',
    'c.yaml:1:1: 1883 is not an option: there are listeners, data, durability, queuePolicy, limits, capabilities, routing, log',
  ],
  [
    'a port as text',
    'listeners:\n  - protocol: mqtt\n    port: "1883"',
    'c.yaml:3:11: listeners[0].port must be a whole number from 0 to 65535, not "1883"',
  ],
  [
    'a port out of range',
    'listeners: [{ protocol: ws, port: 65536 }]',
    'c.yaml:1:35: listeners[0].port must be a whole number from 0 to 65535, not 65536',
  ],
  [
    'half a port',
    'listeners: [{ protocol: ws, port: 1.5 }]',
    'c.yaml:1:35: listeners[0].port must be a whole number from 0 to 65535, not 1.5',
  ],
  [
    'an unknown protocol',
    'listeners: [{ protocol: mqtts }]',
    'c.yaml:1:25: listeners[0].protocol must be mqtt or ws, not "mqtts"',
  ],
  ['no protocol', 'listeners:\n  - port: 1', 'c.yaml:2:5: listeners[0].protocol is missing: it must be mqtt or ws'],
  [
    'no value',
    'listeners:\n  - protocol: mqtt\n    host:',
    'c.yaml:3:10: listeners[0].host must be a host name or an IP address, not empty',
  ],
  [
    'yes, which is a word today',
    'listeners: [{ protocol: ws, insecure: yes }]',
    'c.yaml:1:39: listeners[0].insecure must be true or false, not "yes"',
  ],
  ['one listener that is no list', 'listeners: { protocol: ws }', 'c.yaml:1:12: listeners must be a list, not a map'],
  ['no listener', 'listeners: []', 'c.yaml:1:12: listeners must have a listener'],
  ['a listener that is no map', 'listeners: [mqtt]', 'c.yaml:1:13: listeners[0] must be a map of options, not "mqtt"'],
  ['a data folder that is no path', 'data: [a]', 'c.yaml:1:7: data must be the path of a folder, not a list'],
  [
    'a limit out of its range',
    'limits:\n  receiveMaximum: 70000',
    'c.yaml:2:19: limits.receiveMaximum must be a whole number from 1 to 65535, not 70000',
  ],
  [
    'a limit as text',
    'limits: { keepAliveMax: "60" }',
    'c.yaml:1:25: limits.keepAliveMax must be a whole number, not "60"',
  ],
  [
    'an unknown level',
    'log: { level: loud }',
    'c.yaml:1:15: log.level must be one of debug, info, warn, error, silent, not "loud"',
  ],
  ['an unknown format', 'log: { format: xml }', 'c.yaml:1:16: log.format must be pretty or json, not "xml"'],
  ['a text for the whole', 'hello', 'c.yaml:1:1: the configuration must be a map of options, not "hello"'],
  [
    'a long value',
    `log: { format: ${'x'.repeat(80)} }`,
    `c.yaml:1:16: log.format must be pretty or json, not "${'x'.repeat(38)}…`,
  ],
  ['a name twice', 'data: a\ndata: b', 'c.yaml:2:1: Map keys must be unique'],
  ['a tab', 'log:\n\tlevel: info', 'c.yaml:2:1: Tabs are not allowed as indentation'],
  [
    'an open bracket',
    'listeners: [',
    'c.yaml:1:13: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  [
    'an alias without its anchor',
    'data: *where',
    'c.yaml:1:1: Unresolved alias (the anchor must be set before the alias): where',
  ],
  [
    'a fault behind an alias',
    'log: &log { level: loud }\nlimits: *log',
    'c.yaml:1:13: limits.level is not an option here: did you mean log.level?',
    'c.yaml:1:20: log.level must be one of debug, info, warn, error, silent, not "loud"',
  ],
  [
    'each of several faults',
    'log: { level: loud, formt: json }\nport: 1',
    'c.yaml:1:15: log.level must be one of debug, info, warn, error, silent, not "loud"',
    'c.yaml:1:21: log.formt is not an option: did you mean format?',
    'c.yaml:2:1: port is not an option here: did you mean listeners[].port?',
  ],
  ['a list for a map', 'log: [a]', 'c.yaml:1:6: log must be a map of options, not a list'],
  ['a map for a value', 'data: { a: 1 }', 'c.yaml:1:7: data must be the path of a folder, not a map'],
]
for (const [what, text, ...expected] of faults) {
  test(`${what} is a fault`, () => {
    expect(faultsOf(text)).toEqual(expected)
  })
}

const fine: [what: string, text: string, options: unknown][] = [
  ['an empty file', '', {}],
  ['a file of comments', '# nothing\n', {}],
  ['sections with nothing in them', 'listeners:\nlimits:\nlog:\n', { listeners: null, limits: null, log: null }],
  ['a byte order mark', '\ufeffdata: x', { data: 'x' }],
  [
    'everything',
    'listeners: [{ protocol: ws, host: "::1", port: 0, insecure: true }]\ndata: x\nlimits: { filterWildcardsMax: 0 }\nlog: { level: warn, format: json }',
    {
      listeners: [{ protocol: 'ws', host: '::1', port: 0, insecure: true }],
      data: 'x',
      limits: { filterWildcardsMax: 0 },
      log: { level: 'warn', format: 'json' },
    },
  ],
]
for (const [what, text, options] of fine) {
  test(`${what} is fine`, () => {
    expect(parseConfig(text, 'c.yaml')).toEqual(options)
  })
}

const yaml = 'log:\n  level: loud\nprot: 1\n'
const first = 'curlew: curlew.yaml:2:10: log.level must be one of debug, info, warn, error, silent, not "loud"'
const later =
  'curlew: curlew.yaml:3:1: prot is not an option: there are listeners, data, durability, queuePolicy, limits, capabilities, routing, log'
const all = 'Try: curlew check-config curlew.yaml   # shows all 2 faults'

const runs: [args: string[], lines: string[]][] = [
  [['start'], [first, all]],
  [
    ['start', '--config', 'curlew.yaml'],
    [first, all],
  ],
  [
    ['start', '--check-config'],
    [first, later],
  ],
  [
    ['check-config', 'curlew.yaml'],
    [first, later],
  ],
  [['start', '--config', 'absent.yaml'], ['curlew: cannot read absent.yaml: there is no such file']],
  [['check-config', '.'], ['curlew: cannot read .: it is a folder']],
  [['check-config', 'large.yaml'], ['curlew: large.yaml has more than 1048576 bytes: is it a configuration?']],
]
for (const [args, lines] of runs) {
  test(`curlew ${args.join(' ')} ends with code 2 and says why`, async () => {
    const folder = temporaryFolder({ 'curlew.yaml': yaml, 'large.yaml': ' '.repeat(1_048_577) })

    const outcome = await runCurlew(args, { folder })

    expect(outcome).toEqual({ ending: 2, stdout: '', stderr: `${lines.join('\n')}\n` })
  })
}

const valid: [args: string[], text: string][] = [
  [['check-config', 'c.yaml'], 'c.yaml is valid: mqtt on ::1 port 1883\n'],
  [['start', '--config', 'c.yaml', '-p', '9', '--check-config'], 'c.yaml is valid: mqtt on ::1 port 9\n'],
  [['start', '--check-config'], 'the configuration is valid: mqtt on 127.0.0.1 port 1883, ws on 127.0.0.1 port 8083\n'],
]
for (const [args, text] of valid) {
  test(`curlew ${args.join(' ')} ends with code 0 and starts nothing`, async () => {
    const folder = temporaryFolder({ 'c.yaml': 'listeners: [{ protocol: mqtt, host: "::1" }]' })

    expect(await runCurlew(args, { folder })).toEqual({ ending: 0, stdout: text, stderr: '' })
  })
}

test('a file that a broker would not start with is not valid', async () => {
  const folder = temporaryFolder({ 'c.yaml': 'listeners: [{ protocol: mqtt, host: 0.0.0.0 }]' })

  const refused = await runCurlew(['check-config', 'c.yaml'], { folder })
  const allowed = await runCurlew(['start', '--config', 'c.yaml', '--insecure', '--check-config'], { folder })

  expect([refused.ending, allowed.ending]).toEqual([2, 0])
})
