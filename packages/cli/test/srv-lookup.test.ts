import type { SrvRecord } from 'node:dns'
import { createBroker } from '@curlew/broker'
import { expect, onTestFinished, test } from 'vitest'
import { inOrder } from '../src/client/srv-lookup.ts'
import { runCurlew } from './curlew-process.ts'
import { dnsServer } from './dns-server.ts'
import { SocksServer } from './socks-server.ts'
import { tlsBroker } from './tls-broker.ts'

const message = ['-t', 'a', '-m', 'x', '-q', '1']

/** Has the command ask a DNS server of the test's own, in place of that of the machine. */
function asking(port: number): { environment: Record<string, string> } {
  const code = `import { setServers } from 'node:dns'; setServers(['127.0.0.1:${port}'])`
  const program = `data:text/javascript,${encodeURIComponent(code)}`
  return { environment: { XDG_CONFIG_HOME: '/nowhere', NODE_OPTIONS: `--import=${program}` } }
}

async function brokerPort(): Promise<number> {
  const broker = createBroker()
  onTestFinished(() => broker.close())
  return (await broker.listen({ protocol: 'mqtt', port: 0 })).port
}

const tools: string[][] = [
  ['pub', ...message],
  ['sub', '-t', 'a', '-E'],
  ['request', '-t', 'a', '-e', 'a', '-m', 'x', '-W', '10'],
]
for (const words of tools) {
  test(`${words[0]} -S finds the broker in DNS, past one that is not there`, async () => {
    const port = await brokerPort()
    const dns = await dnsServer({
      '_mqtt._tcp.example.test': [
        [20, 0, 2, 'localhost'],
        [10, 0, port, 'localhost'],
        [5, 0, 1, 'localhost'],
      ],
    })

    const { ending, stderr } = await runCurlew([...words, '-S', '-h', 'example.test', '-d'], asking(dns))

    expect(stderr).toContain(`connecting to localhost:1, localhost:${port}, localhost:2\n`)
    expect(ending).toBe(0)
  })
}

test('-S asks for _secure-mqtt with TLS, and the certificate is that of the server that DNS names', async () => {
  const { port, folder } = await tlsBroker()
  const dns = await dnsServer({ '_secure-mqtt._tcp.example.test': [[0, 0, port, 'localhost']] })
  const flags = ['-S', '-h', 'example.test', '--cafile', 'trusted/cert.pem']

  const outcome = await runCurlew(['pub', ...message, ...flags], { folder, ...asking(dns) })

  expect(outcome).toEqual({ ending: 0, stdout: '', stderr: '' })
})

test('-S and --proxy go together: the proxy is asked for what DNS names', async () => {
  const [port, socks] = [await brokerPort(), await new SocksServer().listen()]
  const dns = await dnsServer({ '_mqtt._tcp.example.test': [[0, 0, port, 'broker.invalid']] })
  const flags = ['-S', '-L', 'mqtt://example.test/a', '-m', 'x', '--proxy', `socks5h://127.0.0.1:${socks.port}`]

  const { ending } = await runCurlew(['pub', ...flags], asking(dns))

  expect([ending, socks.asked]).toEqual([0, ['3 broker.invalid']])
})

const faults: [what: string, zone: Parameters<typeof dnsServer>[0], stderr: string][] = [
  [
    'a domain that names no server',
    {},
    'there is no SRV record _mqtt._tcp.example.test: example.test names no server for that in DNS\nTry: -h example.test, without -S\nTry: dig +short SRV _mqtt._tcp.example.test',
  ],
  [
    'a domain that has no broker, and says so',
    { '_mqtt._tcp.example.test': [[0, 0, 0, '.']] },
    'example.test says in DNS that it has no MQTT server',
  ],
  [
    'a server that does not listen',
    { '_mqtt._tcp.example.test': [[0, 0, 1, 'localhost']] },
    'nothing listens on localhost:1\nTry: curlew start --port 1',
  ],
]
for (const [what, zone, stderr] of faults) {
  test(`-S tells of ${what}`, async () => {
    const dns = await dnsServer(zone)

    const outcome = await runCurlew(['pub', ...message, '-S', '-h', 'example.test'], asking(dns))

    expect(outcome).toEqual({ ending: 1, stdout: '', stderr: `curlew: ${stderr}\n` })
  })
}

const record = (priority: number, weight: number, name: string): SrvRecord => ({ priority, weight, name, port: 1883 })
const namesIn = (records: readonly SrvRecord[]): string => records.map(({ name }) => name).join('')

const orders: [what: string, records: SrvRecord[], chance: number, order: string][] = [
  ['lower priorities first', [record(2, 9, 'b'), record(3, 0, 'c'), record(1, 0, 'a')], 0.5, 'abc'],
  [
    'among equals the lightest, by the least chance',
    [record(1, 3, 'a'), record(1, 1, 'b'), record(1, 0, 'c')],
    0,
    'cba',
  ],
  [
    'among equals the heaviest, by the greatest',
    [record(1, 3, 'a'), record(1, 1, 'b'), record(1, 0, 'c')],
    0.999,
    'abc',
  ],
  ['those without weight as they come', [record(1, 0, 'a'), record(1, 0, 'b')], 0.999, 'ab'],
]
for (const [what, records, chance, order] of orders) {
  test(`servers are tried in the order of RFC 2782: ${what}`, () => {
    expect(namesIn(inOrder(records, () => chance))).toBe(order)
  })
}

test('of two servers the one with three times the weight comes first about three times as often', () => {
  const records = [record(1, 30, 'a'), record(1, 90, 'b')]
  const draws = Array.from({ length: 1_000 }, (_, index) => namesIn(inOrder(records, () => index / 1_000)))

  expect(draws.filter(draw => draw === 'ba').length).toBe(743) // of 121 numbers 90 lead to it
})

test('of more than 32 servers the best 32 are tried', () => {
  const records = Array.from({ length: 500 }, (_, index) => record(index, 0, `${index} `))

  expect(namesIn(inOrder(records.reverse(), () => 0)).split(' ')).toHaveLength(33)
  expect(inOrder(records, () => 0)[31]?.name).toBe('31 ')
})
