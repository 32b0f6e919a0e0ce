import { expect, test } from 'vitest'
import { addressOf, checkExposure, isLoopback, listenError } from '../../src/transport/listener.ts'

const hosts: [host: string, isLocal: boolean][] = [
  ['127.0.0.1', true],
  ['127.255.0.9', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['128.0.0.1', false],
  ['fe80::1', false],
  ['example.org', false],
  ['localhost.example.org', false],
  ['127.1', false],
  ['', false],
]
test.each(hosts)('%j reaches this machine only: %s', (host, isLocal) => {
  expect(isLoopback(host)).toBe(isLocal)
})

test.each(['mqtt', 'ws'] as const)('%s on an address that others can reach needs to be asked for', protocol => {
  const open = { protocol, host: '0.0.0.0' }

  expect(() => checkExposure(open)).toThrow(
    expect.objectContaining({ name: 'ListenError', code: 'ERR_LISTEN_INSECURE' }),
  )
  expect(() => checkExposure(open)).toThrow(/--insecure/)
  expect(() => checkExposure({ ...open, insecure: true })).not.toThrow()
  expect(() => checkExposure({ protocol })).not.toThrow()
})

const failures: [code: string, ours: string, words: RegExp][] = [
  ['EADDRINUSE', 'ERR_LISTEN_ADDRESS_IN_USE', /port 1883 on 127\.0\.0\.1 is taken by another program/],
  ['EACCES', 'ERR_LISTEN_NOT_ALLOWED', /port 1883 needs rights.*1024/],
  ['EADDRNOTAVAIL', 'ERR_LISTEN_FAILED', /this machine has no address 127\.0\.0\.1/],
  ['EMFILE', 'ERR_LISTEN_FAILED', /cannot listen on 127\.0\.0\.1 port 1883: too many/],
]
test.each(failures)('%s becomes %s, and says what to do', (code, ours, words) => {
  const cause = Object.assign(new Error('too many open files'), { code })

  const error = listenError(cause, '127.0.0.1', 1883)

  expect(error).toMatchObject({ name: 'ListenError', code: ours, cause })
  expect(error.message).toMatch(words)
})

test('the URL of an IPv6 address has brackets', () => {
  expect(addressOf('mqtt', '::1', 1883).url).toBe('mqtt://[::1]:1883')
  expect(addressOf('ws', 'localhost', 80).url).toBe('ws://localhost:80')
})
