import { spawn, spawnSync } from 'node:child_process'
import { createBroker } from '@curlew/broker'
import { expect, onTestFinished, test } from 'vitest'
import { CurlewProcess, runCurlew } from './curlew-process.ts'
import { stubServer } from './stub-server.ts'

/** No file of flags that the one who runs the test may have. */
const environment = { XDG_CONFIG_HOME: '/nowhere' }
const run = (...args: string[]) => runCurlew(args, { environment })

const tools = [
  ['pub', '-t', 'a', '-m', 'x'],
  ['sub', '-t', 'a'],
  ['request', '-t', 'a', '-e', 'b', '-m', 'x'],
]
const programs: Record<string, string> = { pub: 'mosquitto_pub', sub: 'mosquitto_sub', request: 'mosquitto_rr' }
const hasMosquitto = spawnSync('mosquitto_pub', ['--help']).error === undefined

const refusals: [answer: string, version: string, exitCode: number, why: string][] = [
  ['20020001', '311', 1, 'Unsupported Protocol Version'],
  ['20020002', '311', 2, 'Client Identifier not valid'],
  ['20020003', '311', 3, 'Server unavailable'],
  ['20020004', '311', 4, 'Bad User Name or Password'],
  ['20020005', '31', 5, 'Not authorized'],
  ['2003008400', '5', 132, 'Unsupported Protocol Version'],
  ['2003008700', '5', 135, 'Not authorized'],
  ['2003008800', '5', 136, 'Server unavailable'],
  ['2003008a00', '5', 138, 'Banned'],
  ['2003009700', '5', 151, 'Quota exceeded'],
]
for (const [answer, version, exitCode, why] of refusals) {
  for (const [tool, ...args] of tools) {
    test(`${tool} -V ${version} ends with ${exitCode} when CONNACK is ${answer}, as in Mosquitto's tool`, async () => {
      const port = await stubServer(answer)
      const words = [...args, '-V', version, '-h', '127.0.0.1', '-p', `${port}`]

      const { ending, stdout, stderr } = await run(tool!, ...words)

      expect([ending, stdout]).toEqual([exitCode, ''])
      expect(stderr).toMatch(new RegExp(`^curlew: 127.0.0.1:${port} refused the connection: ${why}`, 'i'))
    })
  }
}

test.skipIf(!hasMosquitto)("the exit codes of refusals are those of Mosquitto's tools", async () => {
  const codes: (number | null)[] = []
  for (const [index, [answer, version]] of refusals.entries()) {
    const port = await stubServer(answer)
    const [tool, ...args] = tools[index % tools.length]!
    const words = [...args, '-V', version, '-h', '127.0.0.1', '-p', `${port}`]
    codes.push((await ended(programs[tool!]!, words)) as number)
  }

  expect(codes).toEqual(refusals.map(([, , exitCode]) => exitCode))
})

async function ended(program: string, args: string[]): Promise<number | null> {
  const child = spawn(program, args, { stdio: 'ignore' })
  return new Promise(resolve => child.once('close', resolve))
}

const faults: [args: string[], exitCode: number, stderr: string][] = [
  [['pub'], 1, "pub needs a topic (-t)\nTry: curlew pub -t hello/world -m 'it works'"],
  [['pub', '-t', 'a'], 1, "pub needs a message (-m, -f, -l, -s or -n)\nTry: curlew pub -t hello/world -m 'it works'"],
  [['sub'], 1, "sub needs a topic (-t)\nTry: curlew sub -t 'hello/#' -v"],
  [['request', '-m', 'x'], 1, 'request needs a topic (-t)\nTry: curlew request -t clock/now -m UTC'],
  [['pub', '-t', 'a', '-m', 'x', '-n'], 1, 'give only one of -m, -f, -l, -s and -n'],
  [
    ['pub', '-t', 'a/#', '-m', 'x'],
    1,
    "option '-t, --topic <topic>' argument 'a/#' is invalid. Only a subscription can have + or # in it.\nTry: curlew pub --help",
  ],
  [['sub', '-t', 'a', '--prot', '1'], 1, "unknown option '--prot' (Did you mean --port?)\nTry: curlew sub --help"],
  [['sub', '-t', 'a', '-F', '%z'], 1, "-F '%z' cannot be. There is no parameter %z.\nTry: -F '@H:@M:@S %t %p'"],
  [
    ['sub', '-t', 'a', '-c'],
    1,
    'a Session can only be kept (-c) for a Client Identifier that stays the same\nTry: -c -i my-client',
  ],
  [
    ['sub', '-t', 'a', '--proxy', 'http://me:secret@p'],
    1,
    "'http://me:…@p' is no URL for --proxy: it begins with socks5h://, and no other kind of proxy is known\nTry: --proxy socks5h://gateway.example:1080",
  ],
  [
    ['sub', '-t', 'a', '--proxy', 'socks5h://p/path'],
    1,
    "'socks5h://p/path' is no URL for --proxy: behind the scheme comes [user[:password]@]host[:port], and nothing more\nTry: --proxy socks5h://gateway.example:1080",
  ],
  [
    ['sub', '-t', 'a', '--proxy', 'socks5h://p', '--unix', 'broker.sock'],
    1,
    '--proxy leads to a host, and --unix connects to none: give one of them',
  ],
  [
    ['sub', '-t', 'a', '--proxy', 'socks5h://127.0.0.1:1'],
    1,
    'cannot reach the proxy 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1\nTry: another --proxy',
  ],
  [['sub', '-t', 'a', '-S'], 1, '-S needs the domain whose servers are looked up\nTry: -S -h example.org'],
  [
    ['sub', '-t', 'a', '-S', '-h', '127.0.0.1'],
    1,
    '-S needs a domain, and 127.0.0.1 is an address\nTry: -h 127.0.0.1, without -S',
  ],
  [['sub', '-t', 'a', '-S', '-h', 'h', '-p', '1883'], 1, '-S looks up the port as well: leave out yours'],
  [['sub', '-S', '-L', 'mqtt://h:1883/a'], 1, '-S looks up the port as well: leave out yours'],
  [
    ['sub', '-t', 'a', '-S', '-h', 'h', '--unix', 'broker.sock'],
    1,
    '-S looks up a host, and --unix connects to none: give one of them',
  ],
  [
    ['sub', '-t', 'a', '-S', '-h', 'h', '--ws'],
    1,
    '-S is not for WebSocket, for which DNS has no name\nTry: -h h, without -S',
  ],
  [
    ['sub', '-L', 'mqtt://me:secret@h'],
    1,
    "'mqtt://me:…@h' is no URL for -L: it ends with a slash and the topic\nTry: -L mqtt://localhost:1883/topic",
  ],
  [
    ['pub', '-t', 'a', '-m', 'x', '-D', 'publish', 'content-typ', 'x'],
    1,
    "option '-D, --property' is invalid. There is no property 'content-typ' (did you mean content-type?).\nTry: curlew pub --help",
  ],
  [['pub', '-t', 'a', '-f', 'none.txt'], 1, 'cannot read the file of -f, none.txt: there is no such file or folder'],
  [
    ['pub', '-t', 'a', '-m', 'x', '--format', 'hex'],
    1,
    "the message cannot be sent as hex: it is not pairs of the digits 0-9 and a-f\nTry: -m 'c0ffee' --format hex",
  ],
  [
    ['pub', '-t', 'a', '-m', '{', '--format', 'protobuf'],
    1,
    'protobuf needs a .proto file and the name of a message in it\nTry: --protobuf-path reading.proto --protobuf-message-name package.Reading',
  ],
  [
    ['pub', '-t', 'a', '-m', '1', '--format', 'avro'],
    1,
    'avro needs a file with a schema\nTry: --avsc-path reading.avsc',
  ],
  [['sub', '-t', 'a', '--cert', 'c.pem'], 1, '--cert and --key belong together: give both or none'],
  [['sub', '-t', 'a', '-o', 'none'], 1, 'cannot read none: there is no such file or folder'],
  [['pub', '-t', 'a', 'on'], 1, "'on' stands behind no flag\nTry: curlew pub -t a -m on"],
  [['sub', 'home/#'], 1, "'home/#' stands behind no flag\nTry: curlew sub -t 'home/#'"],
  [
    ['sub', '-t', '$share/workers'],
    1,
    "option '-t, --topic <filter>' argument '$share/workers' is invalid. A shared subscription is $share/<name>/<filter>.\nTry: curlew sub --help",
  ],
  [['sub', '-t', 'a', '-h', 'h:1884'], 1, "'h:1884' is no name of a host\nTry: -h h -p 1884"],
  [['sub', '-t', 'a', '-h', 'mqtt://h/'], 1, "'mqtt://h/' is no name of a host\nTry: -L mqtt://h/<topic>, without -t"],
  [['sub', '-t', 'a', '-p', '1', '-h', '127.0.0.1'], 1, 'nothing listens on 127.0.0.1:1\nTry: curlew start --port 1'],
  [
    ['sub', '-t', 'a', '-h', 'nowhere.invalid'],
    1,
    'there is no host nowhere.invalid, or its name cannot be looked up now\nTry: another -h',
  ],
]
for (const [args, exitCode, stderr] of faults) {
  test(`curlew ${args.join(' ')} ends with ${exitCode} and says why`, async () => {
    expect(await run(...args)).toEqual({ ending: exitCode, stdout: '', stderr: `curlew: ${stderr}\n` })
  })
}

test('--quiet leaves only the exit code of what fails', async () => {
  const outcome = await run('sub', '-t', 'a', '-h', '127.0.0.1', '-p', '1', '--quiet')

  expect(outcome).toEqual({ ending: 1, stdout: '', stderr: '' })
})

test('a server that closes without an answer is told of', async () => {
  const port = await stubServer('', socket => socket.destroy())

  const { ending, stderr } = await run('pub', '-t', 'a', '-m', 'x', '-h', '127.0.0.1', '-p', `${port}`)

  expect(ending).toBe(1)
  expect(stderr).toContain('closed the connection without an answer: is it an MQTT server?\nTry: --tls-use-os-certs')
})

const strangers: [what: string, args: string[], answer: string, message: RegExp][] = [
  [
    'a web server',
    [],
    '485454502f312e312034303020',
    /^curlew: \S+ does not answer as an MQTT server does: .*\nTry: another -p\n/,
  ],
  [
    'an MQTT server',
    ['--ws'],
    '',
    /^curlew: \S+ does not answer as a WebSocket server does: .*\nTry: without --ws, or/,
  ],
  [
    'a web server without WebSocket',
    ['--ws'],
    Buffer.from('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n').toString('hex'),
    /^curlew: \S+ does not answer as a WebSocket server does: .*404\nTry: .*\nTry: --ws-path <path>, if/,
  ],
]
for (const [what, args, answer, message] of strangers) {
  test(`${what} is no server for pub ${args.join(' ')}, which says so`, async () => {
    const port = await stubServer(answer, socket => socket.end())

    const { stdout, stderr } = await run('pub', '-t', 'a', '-m', 'x', '-h', '127.0.0.1', '-p', `${port}`, ...args)

    expect(stdout).toBe('')
    expect(stderr).toMatch(message)
  })
}

test('Ctrl+C ends pub as any process', async () => {
  const broker = createBroker()
  onTestFinished(() => broker.close())
  const { port } = await broker.listen({ protocol: 'mqtt', port: 0 })
  const pub = new CurlewProcess(['pub', '-t', 'a', '-l', '-d', '-h', '127.0.0.1', '-p', `${port}`], { environment })
  await pub.printed('stderr', /publishing to a/)

  pub.kill('SIGINT')

  expect(await pub.ended).toBe('SIGINT')
})

test('a connection that is lost while publishing ends with 7, as in mosquitto_pub', async () => {
  const port = await stubServer('20020000', socket => setImmediate(() => socket.end()))

  const { ending, stderr } = await run(
    'pub',
    '-t',
    'a',
    '-m',
    'x',
    '-q',
    '1',
    '-V',
    '311',
    '-h',
    '127.0.0.1',
    '-p',
    `${port}`,
  )

  expect([ending, stderr]).toEqual([7, `curlew: the connection to 127.0.0.1:${port} was lost\n`])
})

const limited: [args: string[], exitCode: number, stderr: RegExp][] = [
  [['pub', '-t', 'a', '-m', 'x', '-q', '1'], 155, /cannot do this: .*QoS 1\nTry: -q 0/],
  [['pub', '-t', 'a', '-m', 'x', '-r'], 154, /cannot do this: .*retained messages\nTry: without -r/],
  [['sub', '-t', 'a/#'], 162, /cannot do this: .*wildcards/],
  [['sub', '-t', 'a/#', '-V', '311'], 128, /refused 'a\/#'/],
  [['sub', '-t', 'a/#', '-t', 'a', '-V', '311', '-W', '4'], 27, /the broker refused 'a\/#'.*\ncurlew: Timed out/],
]
for (const [args, exitCode, stderr] of limited) {
  test(`curlew ${args.join(' ')} ends with ${exitCode} on a broker that cannot do that`, async () => {
    const capabilities = { maximumQoS: 0, retainAvailable: false, wildcardSubscriptionAvailable: false } as const
    const broker = createBroker({ capabilities })
    onTestFinished(() => broker.close())
    const { port } = await broker.listen({ protocol: 'mqtt', port: 0 })

    const outcome = await run(...args, '-h', '127.0.0.1', '-p', `${port}`)

    expect([outcome.ending, outcome.stdout]).toEqual([exitCode, ''])
    expect(outcome.stderr).toMatch(stderr)
  })
}
