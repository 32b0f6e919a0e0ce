import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { TlsOptions } from 'node:tls'
import { createBroker } from '@curlew/broker'
import { expect, onTestFinished, test } from 'vitest'
import { runCurlew } from './curlew-process.ts'
import { tlsBroker } from './tls-broker.ts'

const publication = ['-t', 'a', '-m', 'x', '-q', '1']
const cases: [args: string[], ending: number, stderr: RegExp][] = [
  [['-h', 'localhost', '--cafile', 'trusted/cert.pem'], 0, /^$/],
  [['-h', 'localhost', '--capath', 'trusted'], 0, /^$/],
  [['-h', 'localhost', '--tls-use-os-certs', '--insecure'], 0, /^$/],
  [['-h', 'localhost', '--cafile', 'trusted/cert.pem', '--tls-version', 'tlsv1.2'], 0, /^$/],
  [['-h', 'localhost', '--cafile', 'trusted/cert.pem', '-A', '127.0.0.1'], 0, /^$/],
  [['-h', 'localhost', '--ca', 'trusted/cert.pem', '--cert', 'trusted/cert.pem', '--key', 'key.pem'], 0, /^$/],
  [['-h', 'localhost', '--tls-use-os-certs'], 1, /is not trusted: .*\nTry: --cafile <file>.*\nTry: --insecure/],
  [
    ['-h', '127.0.0.1', '--cafile', 'trusted/cert.pem'],
    1,
    /^curlew: the certificate of 127\.0\.0\.1:\d+ is for localhost, not for 127\.0\.0\.1\nTry: -h localhost\nTry: --insecure/,
  ],
  [
    ['-h', 'localhost', '--cafile', 'key.pem'],
    1,
    /^curlew: the file of --cafile, key\.pem, has no certificate in PEM\nTry: --cafile <file>, which/,
  ],
  [
    ['-h', 'localhost', '--insecure', '--cert', 'trusted/cert.pem', '--key', 'trusted/cert.pem'],
    1,
    /^curlew: the file of --key, trusted\/cert\.pem, has no private key in PEM\n/,
  ],
  [
    ['-h', 'localhost', '--cafile', 'trusted/cert.pem', '--cert', 'trusted/cert.pem', '--key', 'other.pem'],
    1,
    /^curlew: the key of --key, other\.pem, does not belong to the certificate of --cert, trusted\/cert\.pem\nTry: /,
  ],
  [['-h', '127.0.0.1', '--cafile', 'trusted/cert.pem', '--insecure'], 0, /^$/],
  [['-h', 'localhost'], 1, /without an answer: is it an MQTT server\?/],
]
for (const [args, ending, stderr] of cases) {
  test(`pub ${args.join(' ')} ends with ${ending}`, async () => {
    const { port, folder } = await tlsBroker()

    const outcome = await runCurlew(['pub', '-p', `${port}`, ...args, ...publication], { folder })

    expect([outcome.ending, outcome.stdout]).toEqual([ending, ''])
    expect(outcome.stderr).toMatch(stderr)
  })
}

const wanted: [version: 'TLSv1.2' | 'TLSv1.3', message: RegExp][] = [
  [
    'TLSv1.3',
    /^curlew: localhost:\d+ wants a certificate of this client\nTry: --cert client\.crt --key client\.key\n$/,
  ],
  ['TLSv1.2', /^curlew: localhost:\d+ does not speak TLS as .*\nTry: --no-tls\nTry: --cert and --key, if it wants/],
]
for (const [version, message] of wanted) {
  test(`a server that wants a certificate of the client is told of, ${version}`, async () => {
    const { port, folder } = await tlsBroker({ requestCert: true, minVersion: version, maxVersion: version })

    const outcome = await runCurlew(
      ['pub', '-h', 'localhost', '-p', `${port}`, '--cafile', 'trusted/cert.pem', ...publication],
      { folder },
    )

    expect(outcome.ending).toBe(1)
    expect(outcome.stderr).toMatch(message)
  })
}

test('--tls-keylog adds the keys to a file that only its owner may read', async () => {
  const { port, folder } = await tlsBroker()
  const args = ['pub', '-h', 'localhost', '-p', `${port}`, '--cafile', 'trusted/cert.pem', '--tls-keylog']

  const outcome = await runCurlew([...args, 'keys.log', ...publication], { folder })
  const refused = await runCurlew([...args, 'nowhere/keys.log', ...publication], { folder })

  expect(outcome).toEqual({ ending: 0, stdout: '', stderr: '' })
  expect(readFileSync(join(folder, 'keys.log'), 'utf8')).toMatch(/^CLIENT_TRAFFIC_SECRET_0 [\da-f]+ [\da-f]+$/m)
  expect(statSync(join(folder, 'keys.log')).mode & 0o777).toBe(0o600)
  expect(refused.stderr).toMatch(/^curlew: cannot write the file of --tls-keylog, nowhere\/keys\.log: there is no such/)
})

test('-L mqtts:// speaks TLS', async () => {
  const { port, folder } = await tlsBroker()

  const outcome = await runCurlew(
    ['pub', '-L', `mqtts://localhost:${port}/a`, '--cafile', 'trusted/cert.pem', '-m', 'x'],
    {
      folder,
    },
  )

  expect(outcome).toEqual({ ending: 0, stdout: '', stderr: '' })
})

test('--psk takes the place of certificates', async () => {
  const psk = Buffer.from('00ff10', 'hex')
  const options: TlsOptions = {
    pskCallback: (_, identity) => (identity === 'me' ? psk : null),
    ciphers: 'PSK',
    maxVersion: 'TLSv1.2',
  }
  const { port, folder } = await tlsBroker(options)

  const flags = ['-p', `${port}`, '-h', 'localhost', '--psk', '00ff10', '--psk-identity']
  const outcomes = [
    await runCurlew(['pub', ...flags, 'me', ...publication], { folder }),
    await runCurlew(['pub', ...flags, 'you', ...publication], { folder }),
  ]

  expect(outcomes.map(({ ending }) => ending)).toEqual([0, 1])
})

test('TLS towards a server without it is told of', async () => {
  const broker = createBroker()
  onTestFinished(() => broker.close())
  const { port } = await broker.listen({ protocol: 'mqtt', port: 0 })

  const { ending, stderr } = await runCurlew([
    'pub',
    '-h',
    '127.0.0.1',
    '-p',
    `${port}`,
    '--insecure',
    '--tls-use-os-certs',
    ...publication,
  ])

  expect(ending).toBe(1)
  expect(stderr).toMatch(
    /^curlew: \S+ does not speak TLS as it was asked to: it closed the connection\nTry: --no-tls\n/,
  )
})
