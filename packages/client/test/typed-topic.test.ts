import type { Packet } from '@curlew/codec'
import { expect, expectTypeOf, test } from 'vitest'
import { binary, json, type StandardSchema, text, topic } from '../src/index.ts'
import { connected, failure } from './support/connected.ts'

const numbers: StandardSchema<number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: value =>
      typeof value === 'number' ? { value } : { issues: [{ message: `${typeof value} is no number` }] },
  },
}

const temperature = topic('home/{room}/temperature', json(numbers))

test('parameters make topics, filters, and come back', () => {
  expect(temperature.topic({ room: 'kitchen' })).toBe('home/kitchen/temperature')
  expect(temperature.filter()).toBe('home/+/temperature')
  expect(temperature.filter({ room: 'hall' })).toBe('home/hall/temperature')
  expect(temperature.parse('home/hall/temperature')).toEqual({ room: 'hall' })
  expect(temperature.parse('home/hall/humidity')).toBeUndefined()
  expect(temperature.parse('home/hall')).toBeUndefined()
  expectTypeOf(temperature.topic).parameter(0).toEqualTypeOf<{ readonly room: string }>()
})

for (const room of ['', 'a/b', '+', '#', 'a\0']) {
  test(`${JSON.stringify(room)} cannot be a level`, () => {
    expect(() => temperature.topic({ room })).toThrow(/level/)
    expect(() => temperature.filter({ room })).toThrow(/level/)
  })
}

for (const pattern of ['a/{b', 'a/x{b}', 'a/+', '#', 'a/{b-c}']) {
  test(`${pattern} is no pattern`, () => {
    expect(() => topic(pattern, text)).toThrow(/neither/)
  })
}

test('a value is published as its codec and schema say', async () => {
  const { client, server } = await connected()

  await temperature.publish(client, { room: 'kitchen' }, 21.5)

  expect(await server.link.packets()).toMatchObject([
    {
      topic: 'home/kitchen/temperature',
      payload: new TextEncoder().encode('21.5'),
      properties: { payloadFormatIndicator: 1, contentType: 'application/json' },
    },
  ] satisfies Partial<Packet>[])
})

test('a value that the schema refuses is not published', async () => {
  const { client, server } = await connected()

  const error = await failure(temperature.publish(client, { room: 'kitchen' }, 'hot' as never))

  expect(error).toMatchObject({ code: 'ERR_ENCODE' })
  expect((error as Error).message).toContain('string is no number')
  expect(await server.link.take()).toEqual([])
})

test('messages come decoded; one that cannot be is refused and told, and the rest goes on', async () => {
  const { client, server } = await connected()
  const got: unknown[] = []
  const errors: unknown[] = []
  client.on('error', error => errors.push(error))
  const asked = temperature.subscribe(client, ({ parameters, value }) => got.push([parameters.room, value]), { qos: 1 })
  expect(await server.link.take()).toEqual(['SUBSCRIBE 1 home/+/temperature:1'])
  server.link.sendBytes('90 04 0001 00 01')
  await asked

  server.link.sendBytes(`32 1a 0012 'home/a/temperature' 0001 00 '1.5'`)
  server.link.sendBytes(`32 1b 0012 'home/b/temperature' 0002 00 '"no"'`)
  server.link.sendBytes(`32 1a 0012 'home/c/temperature' 0003 00 '{{{'`)
  server.link.sendBytes(`32 18 0012 'home/d/temperature' 0004 00 '2'`)

  expect(await server.link.take()).toEqual(['PUBACK 1', 'PUBACK 2 99', 'PUBACK 3 99', 'PUBACK 4'])
  expect(got).toEqual([
    ['a', 1.5],
    ['d', 2],
  ])
  expect(errors).toMatchObject([{ code: 'ERR_DECODE' }, { code: 'ERR_DECODE' }])
  expect(client.state).toBe('connected')
})

test('text must be UTF-8, bytes may be anything', async () => {
  expect(() => text.decode(Uint8Array.of(0xff))).toThrow()
  expect(await text.decode(await text.encode('häuser'))).toBe('häuser')
  expect(await binary.decode(Uint8Array.of(0xff))).toEqual(Uint8Array.of(0xff))
  expect(await json().decode(await json().encode({ a: [1] }))).toEqual({ a: [1] })
})
