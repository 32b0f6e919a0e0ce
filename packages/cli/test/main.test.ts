import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { version } from '../src/version.ts'
import { binary } from './built.ts'
import { runCurlew } from './curlew-process.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('--version prints the version', async () => {
  expect(await runCurlew(['--version'])).toEqual({ ending: 0, stdout: `${version}\n`, stderr: '' })
})

const help: [args: string[], words: string[]][] = [
  [['--help'], ['Usage: curlew ', 'start [options]', 'check-config <file>', '--version']],
  [
    ['help', 'start'],
    ['Usage: curlew start ', '-h, --host <host>'],
  ],
  [['check-config', '--help'], ['Usage: curlew check-config ']],
  [
    ['export', '--help'],
    ['Usage: curlew export ', '--data', '--config', '--output', '--sessions', '--retained', '--only'],
  ],
  [
    ['import', '--help'],
    ['Usage: curlew import ', '--replace'],
  ],
  [
    ['store', 'check', '--help'],
    ['Usage: curlew store check ', '--json'],
  ],
  [
    ['start', '--help'],
    [
      '--config',
      '-p, --port',
      '--ws-port',
      '--no-ws',
      '--data',
      '--insecure',
      '--log-level',
      '--check-config',
      '--help',
    ],
  ],
]
for (const [args, words] of help) {
  test(`curlew ${args.join(' ')} prints help`, async () => {
    const { ending, stdout, stderr } = await runCurlew(args)

    expect([ending, stderr]).toEqual([0, ''])
    expect(words.filter(word => !stdout.includes(word))).toEqual([])
  })
}

test('curlew alone prints its help as an error', async () => {
  const { ending, stdout, stderr } = await runCurlew([])

  expect([ending, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^Usage: curlew /)
})

const wrong: [args: string[], line: string, help: string][] = [
  [['strat'], "unknown command 'strat' (Did you mean start?)", 'curlew --help'],
  [['--prot'], "unknown option '--prot'", 'curlew --help'],
  [['start', '--prot', '1'], "unknown option '--prot' (Did you mean --port?)", 'curlew start --help'],
  [['start', 'now'], "too many arguments for 'start'. Expected 0 arguments but got 1.", 'curlew start --help'],
  [['start', '-p'], "option '-p, --port <port>' argument missing", 'curlew start --help'],
  [
    ['start', '-p', '1', '--ws-port', '1', '--no-ws'],
    "option '--no-ws' cannot be used with option '--ws-port <port>'",
    'curlew start --help',
  ],
  [['start', '--host', ''], "option '-h, --host <host>' argument '' is invalid. It is empty.", 'curlew start --help'],
  [
    ['start', '--log-format', 'xml'],
    "option '--log-format <format>' argument 'xml' is invalid. Allowed choices are pretty, json.",
    'curlew start --help',
  ],
  [['check-config'], "missing required argument 'file'", 'curlew check-config --help'],
  [['import'], "missing required argument 'file'", 'curlew import --help'],
  [['export', '--retain', 'x'], "unknown option '--retain' (Did you mean --retained?)", 'curlew export --help'],
  [
    ['export', '--only', 'x'],
    "option '--only <part>' argument 'x' is invalid. Allowed choices are sessions, retained.",
    'curlew export --help',
  ],
  [['store', 'chek'], "unknown command 'chek' (Did you mean check?)", 'curlew store --help'],
  [['store', 'check', '--jso'], "unknown option '--jso' (Did you mean --json?)", 'curlew store check --help'],
]
for (const port of ['99999', '-1', '1.5', 'mqtt', '0x1']) {
  const line = `option '-p, --port <port>' argument '${port}' is invalid. It must be a whole number from 0 to 65535.`
  wrong.push([['start', '--port', port], line, 'curlew start --help'])
}
for (const [args, line, help] of wrong) {
  test(`curlew ${args.join(' ')} ends with code 2 and says why`, async () => {
    const outcome = await runCurlew(args)

    expect(outcome).toEqual({ ending: 2, stdout: '', stderr: `curlew: ${line}\nTry: ${help}\n` })
  })
}

/** Breaks the built command from inside: every server throws what it should not. */
const broken =
  'data:text/javascript,import { Server } from "node:net"; Server.prototype.listen = () => { throw new TypeError("broken") }'

test('an internal error is one line and how to see its stack', async () => {
  const environment = { NODE_OPTIONS: `--import=${encodeURI(broken)}` }

  const outcome = await runCurlew(['start'], { folder: temporaryFolder(), environment })

  expect(outcome).toEqual({
    ending: 1,
    stdout: '',
    stderr: 'curlew: internal error: broken\nTry: CURLEW_DEBUG=1 curlew start   # shows where, for a bug report\n',
  })
})

test('CURLEW_DEBUG=1 shows the stack of an internal error', async () => {
  const environment = { NODE_OPTIONS: `--import=${encodeURI(broken)}`, CURLEW_DEBUG: '1' }

  const { ending, stderr } = await runCurlew(['start'], { folder: temporaryFolder(), environment })

  expect(ending).toBe(1)
  expect(stderr).toMatch(/^TypeError: broken\n {4}at [\s\S]*\ncurlew: internal error: broken\n/)
})

test('a command that has not been built says what to do', () => {
  const files = { 'package.json': '{ "type": "module" }', 'bin/curlew.js': readFileSync(binary, 'utf8') }
  const script = join(temporaryFolder(files), 'bin/curlew.js')

  const { status, stdout, stderr } = spawnSync(process.execPath, [script, 'start'], { encoding: 'utf8' })

  expect([status, stdout, stderr]).toEqual([1, '', 'curlew: it has not been built: run `npm run build` first\n'])
})
