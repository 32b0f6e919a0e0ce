import { createBroker } from '@curlew/broker'
import { expect, onTestFinished, test } from 'vitest'
import { runCurlew } from './curlew-process.ts'
import { SocksServer } from './socks-server.ts'
import { stubServer } from './stub-server.ts'
import { tlsBroker } from './tls-broker.ts'

const environment = { XDG_CONFIG_HOME: '/nowhere' }
const message = ['-t', 'a', '-m', 'x', '-q', '1']

async function brokerPort(protocol: 'mqtt' | 'ws' = 'mqtt'): Promise<number> {
  const broker = createBroker()
  onTestFinished(() => broker.close())
  return (await broker.listen({ protocol, port: 0 })).port
}

const tools: string[][] = [
  ['pub', ...message],
  ['sub', '-t', 'a', '-E'],
  ['request', '-t', 'a', '-e', 'a', '-m', 'x', '-W', '10'],
]
for (const words of tools) {
  test(`${words[0]} --proxy goes through the proxy, which looks up the name`, async () => {
    const [port, socks] = [await brokerPort(), await new SocksServer().listen()]

    const { ending, stderr } = await runCurlew(
      [...words, '-h', 'broker.invalid', '-p', `${port}`, '--proxy', `socks5h://127.0.0.1:${socks.port}`],
      { environment },
    )

    expect([ending, stderr, socks.asked]).toEqual([0, '', ['3 broker.invalid']])
  })
}

const hosts: [host: string, asked: string][] = [
  ['10.0.0.1', '1 10.0.0.1'],
  ['::ffff:1', '4 0.0.0.0.0.0.0.0.0.0.0.0.255.255.0.1'],
]
for (const [host, asked] of hosts) {
  test(`the proxy is asked for ${host} as an address`, async () => {
    const [port, socks] = [await brokerPort(), await new SocksServer().listen()]
    const proxy = `socks5h://localhost:${socks.port}`

    const { ending } = await runCurlew(['pub', ...message, '-h', host, '-p', `${port}`, '--proxy', proxy])

    expect([ending, socks.asked]).toEqual([0, [asked]])
  })
}

test('--proxy carries user name and password, also from an address of this machine', async () => {
  const [port, socks] = [await brokerPort(), await new SocksServer({ credentials: 'me:p@ss' }).listen()]
  const proxy = `socks5h://me:p%40ss@127.0.0.1:${socks.port}`

  const outcome = await runCurlew(['pub', ...message, '-p', `${port}`, '--proxy', proxy, '-A', '127.0.0.1'])

  expect(outcome).toEqual({ ending: 0, stdout: '', stderr: '' })
})

test('WebSocket and TLS go through the proxy, and the certificate is that of the Server', async () => {
  const [wsPort, { port, folder }, socks] = [
    await brokerPort('ws'),
    await tlsBroker(),
    await new SocksServer().listen(),
  ]
  const proxy = ['--proxy', `socks5h://127.0.0.1:${socks.port}`]
  const secured = ['pub', ...message, '-p', `${port}`, '--cafile', 'trusted/cert.pem', ...proxy]

  const webSocket = await runCurlew(['pub', ...message, '--ws', '-h', 'h.invalid', '-p', `${wsPort}`, ...proxy])
  const trusted = await runCurlew([...secured, '-h', 'localhost'], { folder })
  const other = await runCurlew([...secured, '-h', 'h.invalid'], { folder })

  expect([webSocket.ending, trusted.ending, other.ending]).toEqual([0, 0, 1])
  expect(other.stderr).toMatch(/^curlew: the certificate of h\.invalid:\d+ is for localhost, not for h\.invalid\n/)
  expect(socks.asked).toEqual(['3 h.invalid', '3 localhost', '3 h.invalid'])
})

const refusals: [what: string, server: SocksServer, user: string, why: string, advice: RegExp][] = [
  ['cannot reach the host', new SocksServer({ reply: 4 }), '', 'HostUnreachable', /^another -h or -p, as the proxy/],
  ['is refused by the host', new SocksServer({ reply: 5 }), '', 'ConnectionRefused', /^another -h or -p, as the proxy/],
  ['may not do that', new SocksServer({ reply: 2 }), 'me:x@', 'NotAllowed', /than that of me in --proxy$/],
  ['wants to know who asks', new SocksServer({ credentials: 'a:b' }), '', 'type', /<user>:<password>@.*, if it wants/],
  [
    'knows another password',
    new SocksServer({ credentials: 'a:b' }),
    'a:c@',
    'Authentication',
    /that of a in --proxy$/,
  ],
]
for (const [what, server, user, why, advice] of refusals) {
  test(`a proxy that ${what} is told of, and what to try`, async () => {
    const { port } = await server.listen()

    const { ending, stdout, stderr } = await runCurlew(
      ['pub', ...message, '-h', 'broker.invalid', '--proxy', `socks5h://${user}127.0.0.1:${port}`],
      { environment },
    )

    expect([ending, stdout]).toEqual([1, ''])
    const [line, ...tries] = stderr.trimEnd().split('\n')
    expect(line).toMatch(`curlew: the proxy 127.0.0.1:${port} gives no connection to broker.invalid:1883: `)
    expect(line).toMatch(new RegExp(`${why}[^:]*$`))
    expect(tries.some(each => advice.test(each.replace('Try: ', '')))).toBe(true)
    expect(stderr).not.toContain(':c@')
  })
}

test('a server that is no proxy is told of', async () => {
  const port = await stubServer(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n').toString('hex'))

  const { ending, stderr } = await runCurlew(['pub', ...message, '--proxy', `socks5h://127.0.0.1:${port}`])

  expect(ending).toBe(1)
  expect(stderr).toMatch(/^curlew: the proxy \S+ gives no connection to localhost:1883: .*socks version.*\n/)
})

test('--save-options leaves the password of the proxy out', async () => {
  const { port } = await new SocksServer({ reply: 1 }).listen()
  const words = ['pub', ...message, '--proxy', `socks5h://me:secret@127.0.0.1:${port}`, '--save-options', '/dev/stderr']

  const { stderr } = await runCurlew(words)

  expect(stderr).not.toContain('secret')
})
