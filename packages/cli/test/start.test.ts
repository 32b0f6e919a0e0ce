import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { noProperties, PacketType, type ProtocolVersion, type Publish } from '@curlew/codec'
import { expect, test } from 'vitest'
import { version } from '../src/version.ts'
import { CurlewProcess, startCurlew } from './curlew-process.ts'
import { RawClient } from './raw-client.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { upgrade } from './web-socket-client.ts'

const versions: [name: string, version: ProtocolVersion][] = [
  ['3.1', 3],
  ['3.1.1', 4],
  ['5.0', 5],
]
for (const [name, protocolVersion] of versions) {
  test(`a Client of MQTT ${name} is accepted on the port that the table shows`, async () => {
    const port = await startCurlew(temporaryFolder()).port('mqtt')

    const connack = await new RawClient(port, protocolVersion).connect('reader', protocolVersion)

    expect(connack).toMatchObject({ type: PacketType.Connack, sessionPresent: false, reasonCode: 0 })
  })
}

const upgrades: [path: string, offered: string | undefined, chosen: string | undefined][] = [
  ['/', 'mqtt', 'mqtt'],
  ['/mqtt', 'mqttv3.1', 'mqttv3.1'],
  ['/any/path?at=all', undefined, undefined],
]
for (const [path, offered, chosen] of upgrades) {
  test(`WebSocket is accepted on ${path} with ${offered ?? 'no'} sub-protocol`, async () => {
    const port = await startCurlew(temporaryFolder()).port('ws')

    const answer = await upgrade(port, path, offered)

    expect(answer).toEqual({ status: 101, subProtocol: chosen, connackType: PacketType.Connack })
  })
}

test('the table shows addresses, data folder, durability and process, and two lines to try', async () => {
  const folder = temporaryFolder()
  const curlew = startCurlew(folder)
  const [mqtt, ws] = [await curlew.port('mqtt'), await curlew.port('ws')]

  expect(curlew.stdout).toBe(`
Curlew ${version} is running

  MQTT         mqtt://127.0.0.1:${mqtt}
  WebSocket    ws://127.0.0.1:${ws}
  data folder  ${join(folder, 'data')}
  durability   always: what is acknowledged is on the disk
  process      ${curlew.pid} (Ctrl+C stops it)

Try it, each line in a terminal of its own:

  mosquitto_sub -h 127.0.0.1 -p ${mqtt} -t 'hello/#' -v
  mosquitto_pub -h 127.0.0.1 -p ${mqtt} -t hello/world -m 'it works'

`)
})

test('the policy for full queues comes from --queue-policy, before the file', async () => {
  const folder = temporaryFolder({ 'curlew.yaml': 'queuePolicy: disconnect\nlimits: { sysIntervalMs: 50 }\n' })
  const client = new RawClient(await startCurlew(folder, ['--queue-policy', 'reject-publisher']).port('mqtt'))
  await client.connect('reader')
  const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
  const subscriptions = [{ filter: '$SYS/broker/queue/policy', ...options }]

  client.send({ type: PacketType.Subscribe, packetId: 1, subscriptions, properties: noProperties })

  await expect(client.next()).resolves.toMatchObject({ type: PacketType.Suback, reasonCodes: [0] })
  const { payload } = (await client.next()) as Publish
  expect(Buffer.from(payload).toString()).toBe('reject-publisher')
})

test('without WebSocket there is one address', async () => {
  const folder = temporaryFolder()
  const curlew = new CurlewProcess(['start', '-p', '0', '--no-ws'], { folder })
  await curlew.port('mqtt')

  expect(curlew.stdout.match(/\w+:\/\//g)).toEqual(['mqtt://'])
})

test('with WebSocket only there is nothing to try, because the tools do not speak it', async () => {
  const folder = temporaryFolder({ 'curlew.yaml': 'listeners: [{ protocol: ws, port: 0 }]' })
  const curlew = new CurlewProcess(['start'], { folder })
  await curlew.printed('stdout', /Ctrl\+C/)

  expect(curlew.stdout).not.toContain('mosquitto_pub')
})

test('the data folder is made for its owner alone, with the store in it', async () => {
  const folder = temporaryFolder()
  await startCurlew(folder, ['--data', 'kept/here']).port('mqtt')

  expect(statSync(join(folder, 'kept/here')).mode & 0o777).toBe(0o700)
  expect(readdirSync(join(folder, 'kept/here'))).toEqual(['store'])
  expect(statSync(join(folder, 'kept/here/store')).mode & 0o777).toBe(0o700)
})

test('a data folder that exists keeps its mode', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'data'), { mode: 0o750 })
  await startCurlew(folder).port('mqtt')

  expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o750)
})

test('an address that others can reach is served with --insecure, and marked as open', async () => {
  const curlew = startCurlew(temporaryFolder(), ['--host', '0.0.0.0', '--insecure'])
  const port = await curlew.port('mqtt')

  await expect(new RawClient(port).connect('guest')).resolves.toMatchObject({ reasonCode: 0 })
  expect(curlew.stdout).toContain(`mqtt://0.0.0.0:${port}  open: whoever reaches it may do everything\n`)
  expect(curlew.stdout).toContain(`mosquitto_sub -h 127.0.0.1 -p ${port} `)
})

test('curlew.yaml is read where it lies, and its data folder is meant from there', async () => {
  const yaml = 'listeners:\n  - protocol: mqtt\n    port: 0\ndata: kept\nlimits:\n  receiveMaximum: 7\n'
  const folder = temporaryFolder({ 'curlew.yaml': yaml })
  const curlew = new CurlewProcess(['start'], { folder })
  const client = new RawClient(await curlew.port('mqtt'))

  await expect(client.connect('reader')).resolves.toMatchObject({ properties: { receiveMaximum: 7 } })
  expect(curlew.stdout).toContain('config       curlew.yaml\n')
  expect(statSync(join(folder, 'kept')).isDirectory()).toBe(true)
})

test('a file elsewhere means its own folder, and flags come before it', async () => {
  const yaml = 'listeners: [{ protocol: mqtt, port: 1 }]\ndata: kept\nlog: { level: info }\n'
  const folder = temporaryFolder({ 'etc/broker.yaml': yaml })
  const args = ['start', '--config', 'etc/broker.yaml', '--port', '0', '--log-level', 'silent']
  const curlew = new CurlewProcess(args, { folder })
  await curlew.port('mqtt')

  expect(curlew.stdout).toContain(`data folder  ${join(folder, 'etc/kept')}\n`)
  expect(curlew.stderr).toBe('')
})

test('the log is one JSON object a line', async () => {
  const curlew = startCurlew(temporaryFolder(), ['--log-format', 'json', '--log-level', 'debug'])
  const client = new RawClient(await curlew.port('mqtt'))
  await client.connect('reader')
  client.end()
  await curlew.printed('stderr', /client disconnected.*\n/)

  const events = curlew.stderr
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(events.map(({ level, msg }) => [level, msg])).toEqual([
    ['info', 'listening'],
    ['info', 'listening'],
    ['debug', 'client connected'],
    ['debug', 'client disconnected'],
  ])
  expect(events[2]).toMatchObject({ clientId: 'reader', protocolVersion: 5, remoteAddress: '127.0.0.1' })
})

test('the log can be made for people', async () => {
  const curlew = startCurlew(temporaryFolder(), ['--log-format', 'pretty'])
  const port = await curlew.port('mqtt')

  await curlew.printed(
    'stderr',
    new RegExp(`^\\[\\d\\d:\\d\\d:\\d\\d\\] INFO: listening {"url":"mqtt://127.0.0.1:${port}"}\\n`),
  )
})

test('the broker goes on when nobody reads its table', async () => {
  const curlew = startCurlew(temporaryFolder())
  curlew.closeStdout()
  const [, port] = await curlew.printed('stderr', /mqtt:\/\/127\.0\.0\.1:(\d+)[\s\S]*ws:/)

  await expect(new RawClient(Number(port)).connect('reader')).resolves.toMatchObject({ reasonCode: 0 })
})
