import { expect, test } from 'vitest'
import { createLogger } from '../src/logger.ts'

/** A stream whose reader stands still as long as a test wants it to. */
class TestStream {
  readonly lines: string[] = []
  writableLength = 0

  write(line: string): void {
    this.lines.push(line)
  }

  /** What createLogger() asks of a stream of Node's. */
  get asStream(): NodeJS.WriteStream {
    return this as unknown as NodeJS.WriteStream
  }
}

test('lines that a slow reader leaves no room for are dropped and counted', async () => {
  const stream = new TestStream()
  const logger = await createLogger(stream.asStream, { level: 'info', format: 'json', isColourful: false })
  logger.open()

  logger.info('first')
  stream.writableLength = 1_048_577
  logger.info('second')
  logger.info('third')
  stream.writableLength = 1_048_576
  logger.info('fourth')

  const events = stream.lines.map(line => JSON.parse(line))
  expect(events).toMatchObject([{ msg: 'first' }, { msg: 'log lines dropped', count: 2 }, { msg: 'fourth' }])
})

test('an error in a field has its message and its stack, on one line', async () => {
  const stream = new TestStream()
  const logger = await createLogger(stream.asStream, { level: 'info', format: 'json', isColourful: false })

  logger.error('internal error', { error: new TypeError('broken') })

  expect(stream.lines).toHaveLength(1)
  expect(JSON.parse(stream.lines[0]!)).toMatchObject({
    level: 'error',
    error: { type: 'TypeError', message: 'broken', stack: expect.stringContaining('\n    at ') },
  })
})

test('events below the level are not logged', async () => {
  const stream = new TestStream()
  const logger = await createLogger(stream.asStream, { level: 'warn', format: 'json', isColourful: false })

  logger.open()
  logger.debug('a')
  logger.info('b')
  logger.warn('c')

  expect(stream.lines.map(line => JSON.parse(line).msg)).toEqual(['c'])
})

test('the form for people has colours where they can be seen', async () => {
  const stream = new TestStream()
  const plain = await createLogger(stream.asStream, { level: 'info', format: 'pretty', isColourful: false })
  const colourful = await createLogger(stream.asStream, { level: 'info', format: 'pretty', isColourful: true })

  plain.warn('stopped', { count: 2 })
  colourful.warn('stopped')

  expect(stream.lines[0]).toMatch(/^\[\d\d:\d\d:\d\d\] WARN: stopped \{"count":2\}\n$/)
  expect(stream.lines[1]).toContain('\u001b[36mstopped\u001b[39m')
})

test('before the log is open, only what should worry somebody is logged', async () => {
  const stream = new TestStream()
  const logger = await createLogger(stream.asStream, { level: 'debug', format: 'json', isColourful: false })

  logger.debug('a')
  logger.info('b')
  logger.error('c')
  logger.open()
  logger.info('d')

  expect(stream.lines.map(line => JSON.parse(line).msg)).toEqual(['c', 'a', 'b', 'd'])
})
