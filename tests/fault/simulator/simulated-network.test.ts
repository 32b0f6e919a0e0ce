import { expect, test } from 'vitest'
import { EventQueue } from './event-queue.ts'
import { Random } from './random.ts'
import { Link, type NetworkConditions } from './simulated-network.ts'
import { Trace } from './trace.ts'

const rough: NetworkConditions = { delayMinMs: 0, delayMaxMs: 20, splitRate: 0.8, mergeRate: 0.5, sendBufferBytes: 50 }

function connection(seed: number, conditions = rough) {
  const random = new Random(seed)
  const queue = new EventQueue(random.fork('ties'))
  const client = { bytes: '', events: [] as string[] }
  const server = { bytes: '', events: [] as string[] }
  const link = new Link(
    1,
    { queue, random, conditions, trace: new Trace(queue) },
    {
      onBytes: chunk => {
        client.bytes += Buffer.from(chunk).toString()
      },
      onEnd: () => client.events.push('end'),
      onGone: () => client.events.push('gone'),
    },
  )
  link.server.on('data', chunk => {
    server.bytes += chunk
  })
  link.server.on('end', () => server.events.push('end'))
  link.server.on('close', () => server.events.push('close'))
  const pass = (ms = 1_000) => queue.runUntil(queue.nowMs + ms)
  return { queue, link, client, server, pass }
}

const words = Array.from({ length: 60 }, (_, index) => `word ${index};`)

test('what is sent arrives whole and in order, in whatever pieces', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const { link, client, server, pass } = connection(seed)

    for (const word of words) {
      link.send(Buffer.from(word))
      link.server.write(word)
    }
    link.end()
    link.server.end()
    await pass()

    expect([server.bytes, client.bytes]).toEqual([words.join(''), words.join('')])
    expect([server.events, client.events]).toEqual([['end', 'close'], ['end']])
  }
})

test('a client that does not read makes the writes of the broker wait', async () => {
  const { link, client, pass } = connection(1)
  link.freeze(true)

  for (const word of words) link.server.write(word)
  await pass()
  expect([client.bytes, link.server.writableLength > 300]).toEqual(['', true])

  link.freeze(false)
  await pass()
  expect([client.bytes, link.server.writableLength]).toEqual([words.join(''), 0])
})

test('a broker that does not read makes the bytes of the client wait', async () => {
  const { queue, link, server, pass } = connection(1)
  link.server.pause()
  for (const word of words) link.send(Buffer.from(word.repeat(500)))
  await pass()
  expect([server.bytes, link.unreadUpBytes > 100_000]).toEqual(['', true])

  queue.after(0, () => link.server.resume())
  await pass()
  expect([server.bytes.length, link.unreadUpBytes]).toEqual([words.join('').length * 500, 0])
})

test('in a direction that is silent nothing arrives, and nobody is told', async () => {
  const { link, client, server, pass } = connection(1)
  link.silence('up')

  link.send(Buffer.from('lost'))
  link.server.write('heard')
  await pass()
  link.reset()
  await pass()

  expect([server.bytes, server.events, client.bytes, client.events]).toEqual(['', [], 'heard', []])
})

test('a killed process resets its connections; one that loses its power says nothing until it is back', async () => {
  const killed = connection(1)
  killed.link.loseProcess(false)
  await killed.pass(50)
  const dark = connection(1)
  dark.link.loseProcess(true)
  await dark.pass(50)

  expect([killed.client.events, dark.client.events]).toEqual([['gone'], []])
  await dark.pass(10_000)
  expect(dark.client.events).toEqual(['gone'])
})
