import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError, createBroker, defaultLimits, type Limits, type QueuePolicy } from '../src/index.ts'

test('every limit is finite by default', () => {
  const unlimited = Object.entries(defaultLimits).filter(([, value]) => !Number.isSafeInteger(value) || value <= 0)

  expect(unlimited).toEqual([])
})

test('the defaults are those that FAULTS and the documents promise', () => {
  expect(defaultLimits).toMatchObject({
    connectTimeoutMs: 10_000,
    connectPacketBytesMax: 65_536,
    packetBytesMax: 2_097_152,
    keepAliveMax: 1_200,
    receiveMaximum: 100,
    inFlightMessagesMax: 100,
    inFlightBytesMax: 1_048_576,
    queuedMessagesMax: 10_000,
    queuedBytesMax: 16_777_216,
    outputHighWaterBytes: 1_048_576,
    stalledOutputTimeoutMs: 30_000,
    subscriptionsMax: 1_000,
    topicLevelsMax: 128,
    filterLengthMax: 4_096,
    filterWildcardsMax: 8,
    topicAliasMaximum: 32,
    retainedCountMax: 1_000_000,
    retainedBytesMax: 1_073_741_824,
    sessionExpiryIntervalMax: 604_800,
    sessionsMax: 1_000_000,
    connectionsPerAddressMax: 1_000,
  })
})

const names = Object.keys(defaultLimits) as (keyof Limits)[]

test.each(names)('limits.%s takes whole numbers within its range only, and the error names it', name => {
  for (const value of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5' as unknown as number]) {
    expect(() => createBroker({ limits: { [name]: value } })).toThrow(ConfigError)
    expect(() => createBroker({ limits: { [name]: value } })).toThrow(`limits.${name} must be a whole number from`)
  }
})

test.each(names)('limits.%s may be what it is by default', name => {
  expect(() => createBroker({ limits: { [name]: defaultLimits[name] } })).not.toThrow()
})

const folders = [import.meta.dirname, join(import.meta.dirname, '../../../tests/fault')]
const tests = folders
  .flatMap(folder => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => join(folder, name)))
  .filter(path => path.endsWith('.test.ts') && !path.endsWith('config.test.ts'))
  .map(path => readFileSync(path, 'utf8'))

test.each(names)('limits.%s is reached by a test', name => {
  const reaching = tests.filter(text => new RegExp(`\\b${name}(:|\\b.*\\}|,)`).test(text))

  expect(reaching).not.toEqual([])
})

const outside: [name: keyof Limits, value: number][] = [
  ['receiveMaximum', 0],
  ['receiveMaximum', 65_536],
  ['inFlightMessagesMax', 65_536],
  ['topicAliasMaximum', 65_536],
  ['keepAliveMax', 0],
  ['keepAliveMax', 65_536],
  ['packetBytesMax', 268_435_461],
  ['connectPacketBytesMax', 15],
  ['sessionExpiryIntervalMax', 0x1_0000_0000],
  ['queuedMessagesMax', 0],
  ['connectionsMax', 0],
]
test.each(outside)('limits.%s cannot be %d', (name, value) => {
  expect(() => createBroker({ limits: { [name]: value } })).toThrow(ConfigError)
})

test('a limit that does not exist is an error that lists those that do', () => {
  const limits = { maxConnections: 5 } as Partial<Limits>

  expect(() => createBroker({ limits })).toThrow(/limits\.maxConnections does not exist; there are .*connectionsMax/)
})

test('queuePolicy can be nothing but a policy', () => {
  const create = () => createBroker({ queuePolicy: 'drop-newest' as QueuePolicy })

  expect(create).toThrow(ConfigError)
  expect(create).toThrow('queuePolicy must be one of drop-oldest, reject-publisher, disconnect, not drop-newest')
})

test('a ConfigError says which option it is about', () => {
  const error = new ConfigError('limits.x', 'is wrong')

  expect(error).toMatchObject({
    name: 'ConfigError',
    code: 'ERR_CONFIG',
    option: 'limits.x',
    message: 'limits.x is wrong',
  })
})
