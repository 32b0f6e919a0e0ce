import { readdirSync, readFileSync } from 'node:fs'
import { connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { type Broker, createBroker } from '@curlew/broker'
import { type Client, connect } from '@curlew/client'
import { expect, onTestFinished, test, vi } from 'vitest'
import { CurlewProcess, runCurlew } from './curlew-process.ts'
import { temporaryFolder } from './temporary-folder.ts'

const proto = `syntax = "proto3"; package home;
message Reading { string room = 1; double celsius = 2; int64 at = 3; bytes raw = 4; }`
const schema = `{"type":"record","name":"Reading","fields":[
{"name":"room","type":"string"},{"name":"celsius","type":["null","double"]},{"name":"raw","type":"bytes"}]}`
const protobufFlags = ['--protobuf-path', 'reading.proto', '--protobuf-message-name', 'home.Reading']

interface Setting {
  readonly broker: Broker
  readonly url: string
  readonly wsUrl: string
  readonly port: number
  readonly others: Client
  run(...args: string[]): ReturnType<typeof runCurlew>
  start(...args: string[]): CurlewProcess
  readonly folder: string
}

/** A broker, somebody else who is connected to it, and the command in a folder of its own. */
async function setting(port = 0): Promise<Setting> {
  const broker = createBroker()
  onTestFinished(() => broker.close())
  const mqtt = await broker.listen({ protocol: 'mqtt', port })
  const ws = await broker.listen({ protocol: 'ws', port: 0 })
  const others = await connect(mqtt.url)
  onTestFinished(() => others.close())
  const folder = temporaryFolder({ 'reading.proto': proto, 'reading.avsc': schema, 'level.avsc': '["null","double"]' })
  const environment = { XDG_CONFIG_HOME: folder }
  const place = ['-h', '127.0.0.1', '-p', `${mqtt.port}`]
  return {
    broker,
    url: mqtt.url,
    wsUrl: ws.url,
    port: mqtt.port,
    others,
    folder,
    run: (tool, ...args) => runCurlew([tool!, ...place, ...args], { folder, environment }),
    start: (tool, ...args) => new CurlewProcess([tool!, ...place, ...args], { folder, environment }),
  }
}

const formats: [flags: string[], text: string, payload: string, printed: string][] = [
  [['--format', 'json'], '{ "b": 1.50, "a": [ ] }', '7b2262223a312e352c2261223a5b5d7d', '{"b":1.5,"a":[]}'],
  [['--format', 'hex'], '0xDE ad', 'dead', 'dead'],
  [['--format', 'base64'], '3q0=', 'dead', '3q0='],
  [['--format', 'cbor'], '{"a":[1,"x",null]}', 'a16161830161' + '78f6', '{"a":[1,"x",null]}'],
  [['--format', 'msgpack'], '{"a":[1,"x",null]}', '81a1619301a178c0', '{"a":[1,"x",null]}'],
  [
    protobufFlags,
    '{"room":"kitchen","celsius":21.5}',
    '0a076b69746368656e110000000000803540',
    '{"room":"kitchen","celsius":21.5,"at":"0","raw":""}',
  ],
  [
    ['--avsc-path', 'reading.avsc'],
    '{"room":"x","celsius":{"double":21.5},"raw":"\\u00ff"}',
    '0278' + '020000000000803540' + '02ff',
    '{"room":"x","celsius":{"double":21.5},"raw":"\u00ff"}',
  ],
  [['--format', 'avro', '--avsc-path', 'level.avsc'], '21.5', '020000000000803540', '{"double":21.5}'],
]
for (const [flags, text, payload, printed] of formats) {
  test(`${flags.join(' ')} publishes ${text} as ${payload} and prints that as ${printed}`, async () => {
    const { run, others } = await setting()

    const sent = await run('pub', '-t', 'a', '-r', '-m', text, ...flags)
    const got = await run('sub', '-t', 'a', '-C', '1', ...flags)

    expect(sent).toEqual({ ending: 0, stdout: '', stderr: '' })
    expect(got).toEqual({ ending: 0, stdout: `${printed}\n`, stderr: '' })
    const { value } = await (await others.subscribe('a')).next()
    expect(Buffer.from(value!.payload).toString('hex')).toBe(payload)
  })
}

test('a payload that is not what --format says is told of, and the next one printed', async () => {
  const { run, others } = await setting()
  await others.publish('a', '{', { qos: 1, retain: true })
  await others.publish('b', '[ 1 ]', { qos: 1, retain: true })

  const { ending, stdout, stderr } = await run('sub', '-t', 'a', '-t', 'b', '-C', '2', '--format', 'json')

  expect([ending, stdout]).toEqual([0, '[1]\n'])
  expect(stderr).toMatch(/^Error: Message payload is not json on topic a: .*\n$/)
})

test('--pretty lays JSON out', async () => {
  const { run, others } = await setting()
  await others.publish('a', '{"a":1}', { qos: 1, retain: true })

  const { stdout } = await run('sub', '-t', 'a', '-C', '1', '--format', 'json', '--pretty')

  expect(stdout).toBe('{\n\t"a":\t1\n}\n')
})

test('--remove-retained with -C ends when the broker has deleted them', async () => {
  const { run, others, broker } = await setting()
  for (const topic of ['r/1', 'r/2', 'r/3']) await others.publish(topic, 'x', { qos: 1, retain: true })
  const before = broker.stats().retained

  const outcome = await run('sub', '-t', 'r/+', '--remove-retained', '-C', '3')

  expect(outcome).toEqual({ ending: 0, stdout: 'x\nx\nx\n', stderr: '' })
  expect(before - broker.stats().retained).toBe(3)
})

test('--retain-handling 2 and --no-local are asked of the broker', async () => {
  const { run, others } = await setting()
  await others.publish('a', 'old', { qos: 1, retain: true })

  const outcome = await run('sub', '-t', 'a', '-W', '1', '--retain-handling', '2', '--no-local')

  expect([outcome.ending, outcome.stdout]).toEqual([27, ''])
})

test('--file-write adds to a file, --file-save makes one for each message', async () => {
  const { run, others, folder } = await setting()
  for (const topic of ['r/1', 'r/2']) await others.publish(topic, topic, { qos: 1, retain: true })

  await run('sub', '-t', 'r/1', '-C', '1', '--file-write', 'all.txt')
  await run('sub', '-t', 'r/2', '-C', '1', '--file-write', 'all.txt')
  await run('sub', '-t', 'r/+', '-C', '2', '--file-save', 'one.bin', '-N')

  const contents = readdirSync(folder).flatMap(name =>
    /all|one/.test(name) ? [[name, readFileSync(join(folder, name), 'utf8')]] : [],
  )
  expect(contents.map(([name, text]) => [name, text!.length])).toEqual([
    ['all.txt', 8],
    ['one(1).bin', 3],
    ['one.bin', 3],
  ])
})

test('--watch prints lines where there is no terminal', async () => {
  const { run, others } = await setting()
  await others.publish('a/b', 'x', { qos: 1, retain: true })

  expect(await run('sub', '-w', '-t', 'a/b', '-C', '1')).toEqual({ ending: 0, stdout: 'a/b x\n', stderr: '' })
})

test('a file of flags is read, and the flags of the command line come after it', async () => {
  const { run, folder, others } = await setting()
  await others.publish('a/b', 'x', { qos: 1, retain: true })
  const { writeFileSync } = await import('node:fs')
  writeFileSync(join(folder, 'mosquitto_sub'), '# comment\n-t a/b\n-F from the file %p\n-C 1\n')
  writeFileSync(join(folder, 'mine'), '--topic a/b\n-v\n-C 1\n-D connect user-property k v\n')

  const outcomes = [await run('sub'), await run('sub', '-F', '%t'), await run('sub', '-o', 'mine')]

  expect(outcomes.map(({ stdout }) => stdout)).toEqual(['from the file x\n', 'a/b\n', 'a/b x\n'])
})

test('sub comes back when the broker does, and says nothing of it where nobody looks', async () => {
  const { start, broker, port, others } = await setting()
  const sub = start('sub', '-t', 'a', '-v', '-C', '2')
  const isSubscribed = (one: Broker) => vi.waitFor(() => expect(one.stats().subscriptions).toBeGreaterThan(0), 10_000)
  await isSubscribed(broker)
  await others.publish('a', 'one', { qos: 1 })
  await sub.printed('stdout', /a one/)
  await others.close()
  await broker.close()

  const second = await setting(port)
  await isSubscribed(second.broker)
  await second.others.publish('a', 'two', { qos: 1 })

  expect([await sub.ended, sub.stdout, sub.stderr]).toEqual([0, 'a one\na two\n', ''])
})

test('-d tells what the connection does', async () => {
  const { run, port } = await setting()

  const { stderr } = await run('sub', '-t', 'a', '-E', '-d', '-i', 'me')

  expect(stderr).toBe(
    `curlew: connecting to 127.0.0.1:${port}\ncurlew: connected to 127.0.0.1:${port}, waiting for a (as me)\n`,
  )
})

test('sub ends without a fault when nobody reads what it prints', async () => {
  const { start, broker, others } = await setting()
  const sub = start('sub', '-t', 'a')
  await vi.waitFor(() => expect(broker.stats().subscriptions).toBeGreaterThan(0), 10_000)
  sub.closeStdout()

  await others.publish('a', 'one', { qos: 1 })
  await others.publish('a', 'two', { qos: 1 })

  expect(await sub.ended).toBe(0)
})

test('request asks on a topic of its own, and tells the latency', async () => {
  const { run, others } = await setting()
  await others.subscribe('clock', message =>
    others.publish(message.properties.responseTopic!, `12:00 ${message.text()}`),
  )

  const { ending, stdout, stderr } = await run('request', '-t', 'clock', '-m', 'UTC', '--latency')

  expect([ending, stdout]).toEqual([0, '12:00 UTC\n'])
  expect(stderr).toMatch(/^latency: \d+\.\d{3} ms\n$/)
})

test('request -l asks line by line, and takes no response for one to another request', async () => {
  const { start, others } = await setting()
  await others.subscribe('clock', message => {
    const topic = message.properties.responseTopic!
    others.publish(topic, `${message.text()} 1`)
    others.publish(topic, `${message.text()} 2`)
  })
  const rr = start('request', '-t', 'clock', '-l')

  rr.write('UTC\n')
  await rr.printed('stdout', /UTC 1/)
  rr.write('CET\nlast')
  rr.closeStdin()

  expect([await rr.ended, rr.stdout, rr.stderr]).toEqual([0, 'UTC 1\nCET 1\nlast 1\n', ''])
})

test('request -l ends when a line is without a response for the time of -W', async () => {
  const { start, others } = await setting()
  await others.subscribe('clock', message => {
    if (message.text() !== 'two') others.publish('answers', message.text())
  })
  const rr = start('request', '-t', 'clock', '-e', 'answers', '-l', '-W', '4')

  rr.write('one\ntwo\nthree\n')

  expect([await rr.ended, rr.stdout]).toEqual([27, 'one\n'])
})

test('request tells that nobody is subscribed, where the broker says so', async () => {
  const { run } = await setting()

  const outcome = await run('rr', '-t', 'nobody', '-m', 'x', '-q', '1', '-W', '4')

  expect(outcome).toEqual({
    ending: 27,
    stdout: '',
    stderr: 'nobody is subscribed to nobody\ncurlew: Timed out\nTry: is somebody subscribed to nobody?\n',
  })
})

const ways: [what: string, args: (place: Setting) => string[]][] = [
  ['-L ws://', ({ wsUrl }) => ['-L', `${wsUrl}/a`]],
  ['--ws', ({ wsUrl }) => ['--ws', '-p', new URL(wsUrl).port, '-t', 'a']],
  ['--protocol ws --path', ({ wsUrl }) => ['--protocol', 'ws', '-p', new URL(wsUrl).port, '--path', '/x', '-t', 'a']],
  ['-A', () => ['-A', '127.0.0.1', '-t', 'a']],
]
for (const [what, args] of ways) {
  test(`${what} reaches the broker`, async () => {
    const place = await setting()
    const [tool, ...words] = ['pub', ...args(place), '-m', what, '-r', '-q', '1']
    const isUrl = words[0] === '-L'
    const environment = { XDG_CONFIG_HOME: place.folder }

    const outcome = await (isUrl ? runCurlew([tool!, ...words], { environment }) : place.run(tool!, ...words))

    expect(outcome).toEqual({ ending: 0, stdout: '', stderr: '' })
    const { value } = await (await place.others.subscribe('a')).next()
    expect(value!.text()).toBe(what)
  })
}

test('--unix reaches the broker', async () => {
  const { broker, folder, others, run } = await setting()
  const server = createTcpServer((socket: Socket) => void broker.attach(socket))
  await new Promise<void>(resolve => server.listen(join(folder, 'socket'), resolve))
  onTestFinished(() => void server.close())

  const outcome = await run('pub', '--unix', 'socket', '-t', 'a', '-m', 'x', '-r', '-q', '1')

  expect(outcome).toEqual({ ending: 0, stdout: '', stderr: '' })
  expect((await (await others.subscribe('a')).next()).value!.text()).toBe('x')
})

test('--unix and -A reach a broker over WebSocket', async () => {
  const { wsUrl, folder, run } = await setting()
  const port = Number(new URL(wsUrl).port)
  const server = createTcpServer((socket: Socket) => void socket.pipe(connectTcp(port, '127.0.0.1')).pipe(socket))
  await new Promise<void>(resolve => server.listen(join(folder, 'socket'), resolve))
  onTestFinished(() => void server.close())
  const publication = ['--ws', '-t', 'a', '-m', 'x', '-q', '1']

  const overUnix = await run('pub', '--unix', 'socket', ...publication)
  const fromHere = await run('pub', '-A', '127.0.0.1', '-p', `${port}`, ...publication)

  expect([overUnix, fromHere]).toEqual(Array(2).fill({ ending: 0, stdout: '', stderr: '' }))
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends sub without a fault, and has its Will published, MQTT 5.0`, async () => {
    const { start, broker, others } = await setting()
    const wills = await others.subscribe('w')
    const sub = start('sub', '-t', 'a', '--will-topic', 'w', '--will-payload', 'gone')
    await vi.waitFor(() => expect(broker.stats().subscriptions).toBe(2), 10_000)

    sub.kill(signal)

    expect((await wills.next()).value!.text()).toBe('gone')
    expect([await sub.ended, sub.stdout, sub.stderr]).toEqual([0, '', ''])
  })
}
