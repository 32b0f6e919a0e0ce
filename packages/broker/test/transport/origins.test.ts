import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Broker, createBroker, type ListenOptions } from '../../src/index.ts'
import { isOriginAllowed } from '../../src/transport/origins.ts'

const page = 'https://example.org'

const cases: [
  what: string,
  origin: string | undefined,
  host: string,
  allowed: string[] | undefined,
  answer: boolean,
][] = [
  ['a program, which sends no origin', undefined, '127.0.0.1', undefined, true],
  ['a program, where pages are named', undefined, '127.0.0.1', [page], true],
  ['a page of this machine', 'http://localhost:5173', '127.0.0.1', undefined, true],
  ['a page of this machine by address', 'http://[::1]:8080', '::1', undefined, true],
  ['a page from elsewhere', page, '127.0.0.1', undefined, false],
  ['a page that only looks local', 'http://localhost.example.org', '127.0.0.1', undefined, false],
  ['a page without an origin of its own', 'null', '127.0.0.1', undefined, false],
  ['a page from elsewhere at a listener for everybody', page, '0.0.0.0', undefined, true],
  ['a page that is named', page, '127.0.0.1', [page], true],
  ['a page that is not named', 'https://example.com', '0.0.0.0', [page], false],
  ['any page where all are named', page, '127.0.0.1', ['*'], true],
]
for (const [what, origin, host, allowed, answer] of cases) {
  test(`${what} may ${answer ? '' : 'not '}connect`, () => {
    expect(isOriginAllowed(origin, host, allowed)).toBe(answer)
  })
}

let broker: Broker | undefined
afterEach(() => broker?.close())

async function connectFrom(origin: string, options: Partial<ListenOptions>): Promise<string> {
  broker = createBroker()
  const { url } = await broker.listen({ protocol: 'ws', ...options })
  const socket = new WebSocket(url, 'mqtt', { origin })
  const refused = once(socket, 'unexpected-response').then(([, response]) => `refused ${response.statusCode}`)
  const opened = once(socket, 'open').then(() => 'open')
  socket.on('error', () => {})
  const outcome = await Promise.race([refused, opened])
  socket.terminate()
  return outcome
}

test('a page from elsewhere is answered with 403', async () => {
  expect(await connectFrom(page, {})).toBe('refused 403')
})

test('a page that is named gets its WebSocket', async () => {
  expect(await connectFrom(page, { origins: [page] })).toBe('open')
})
