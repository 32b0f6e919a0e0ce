import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { saveOptions } from '../src/client/saved-options.ts'
import { addClientCommands } from '../src/client-commands.ts'
import { CommandError } from '../src/command-error.ts'
import { runCurlew } from './curlew-process.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** One of the commands, with the flags of these words. */
function command(name: string, words: readonly string[]): Command {
  process.env['XDG_CONFIG_HOME'] = '/nowhere'
  const curlew = new Command().exitOverride().configureOutput({ outputError: () => {} })
  addClientCommands(curlew)
  const found = curlew.commands.find(each => each.name() === name)!
  found.parseOptions([...words])
  return found
}

const contents = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

test('flags are saved, and loaded as they were', async () => {
  const path = join(temporaryFolder(), 'mine.json')
  const words = '-h h -t a/# -t b -q 1 -V 311 -N -x -1 --no-local -C 3 --format json'.split(' ')
  const given = command('sub', words)

  const isLeftOut = await saveOptions(path, given, [], false)

  const { loadOptions: _, ...loaded } = command('sub', ['--load-options', path]).opts()
  expect(loaded).toEqual(given.opts())
  expect([isLeftOut, contents(path)]).toEqual([
    false,
    {
      sub: {
        host: 'h',
        topic: ['a/#', 'b'],
        qos: 1,
        protocolVersion: '311',
        newline: false,
        sessionExpiryInterval: 4_294_967_295,
        local: false,
        count: 3,
        format: 'json',
      },
    },
  ])
})

const withSecrets = [
  '-P',
  'pass',
  '--psk',
  'ff',
  '-L',
  'mqtt://me:se@cret@h/t@u',
  '-D',
  'connect',
  'authentication-data',
  'x',
  '-D',
  'publish',
  'user-property',
  'k',
  'v',
  '-n',
]
for (const [more, saved] of [
  [[], { url: 'mqtt://me@h/t@u', nullMessage: true, property: [['publish', 'user-property', 'k', 'v']] }],
  [
    ['--save-secrets'],
    {
      pw: 'pass',
      psk: 'ff',
      url: 'mqtt://me:se@cret@h/t@u',
      nullMessage: true,
      property: [
        ['connect', 'authentication-data', 'x'],
        ['publish', 'user-property', 'k', 'v'],
      ],
    },
  ],
] as const) {
  test(`--save-options ${more.join(' ')} saves ${Object.keys(saved).join(', ')}, for its owner alone`, async () => {
    const folder = temporaryFolder({ 'mine.json': '{"sub":{"topic":["a"]}}' })
    const environment = { XDG_CONFIG_HOME: '/nowhere' }

    const { stderr } = await runCurlew(['pub', '--save-options', 'mine.json', ...more, ...withSecrets, '-p', '1'], {
      folder,
      environment,
    })

    const path = join(folder, 'mine.json')
    expect(contents(path)).toEqual({ sub: { topic: ['a'] }, pub: { ...saved, port: 1 } })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(stderr.split('\n')[0]).toBe(
      `options saved in mine.json${more.length === 0 ? ', without secrets: --save-secrets keeps them, too' : ''}`,
    )
  })
}

test('a property that was saved is loaded', () => {
  const folder = temporaryFolder({ f: '{"pub":{"property":[["publish","user-property","-t","-h"]]}}' })

  const flags = command('pub', ['--load-options', join(folder, 'f'), '-t', 'a']).opts()

  expect(flags).toMatchObject({ topic: 'a', property: { publish: { userProperties: [['-t', '-h']] } } })
})

test('the file may be joined to the flag', () => {
  const folder = temporaryFolder({ f: '{"pub":{"topic":"a"}}' })

  expect(command('pub', [`--load-options=${join(folder, 'f')}`]).opts()).toMatchObject({ topic: 'a' })
})

test('names and files of MQTTX are understood, also in YAML', () => {
  const folder = temporaryFolder({ f: 'sub:\n  hostname: h\n  clientId: me\n  topic: [a, b]\n  clean: false\n' })

  const flags = command('sub', ['--load-options', join(folder, 'f'), '-h', 'other']).opts()

  expect(flags).toMatchObject({ host: 'other', id: 'me', topic: ['a', 'b'], disableCleanSession: true })
})

const faults: [text: string | undefined, message: RegExp][] = [
  [undefined, /^cannot read .*: there is no such file or folder$/],
  ['[1]', /is no file of options$/],
  ['{"pub":{}}', /has no options for sub, but for pub$/],
  ['{', /^cannot read /],
]
for (const [text, message] of faults) {
  test(`a file that ${text === undefined ? 'does not exist' : `holds ${text}`} is refused`, () => {
    const folder = temporaryFolder(text === undefined ? {} : { f: text })
    const load = () => command('sub', ['--load-options', join(folder, 'f')])

    expect(load).toThrow(message)
    expect(load).toThrow(CommandError)
  })
}
