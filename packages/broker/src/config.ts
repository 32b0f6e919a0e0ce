import type { GateLimits } from './connection/connection-gate.ts'
import { type ConnectionLimits, defaultConnectionLimits } from './connection/limits.ts'
import type { SysLimits } from './observe/sys-topics.ts'
import type { RetainedLimits } from './routing/retained-messages.ts'
import { type QueuePolicy, queuePolicies } from './sessions/queue-policy.ts'
import type { RegistryLimits } from './sessions/session-registry.ts'
import type { SessionLimits } from './sessions/session-services.ts'

/** All limits of a broker. Each is finite by default and says in its own place what happens when it is reached. */
export interface Limits
  extends ConnectionLimits,
    SessionLimits,
    RegistryLimits,
    RetainedLimits,
    GateLimits,
    SysLimits {}

export const defaultLimits: Limits = {
  ...defaultConnectionLimits,
  inFlightMessagesMax: 100,
  inFlightBytesMax: 1_048_576,
  queuedMessagesMax: 10_000,
  queuedBytesMax: 16_777_216,
  sessionsMax: 1_000_000,
  sessionExpiryIntervalMax: 7 * 24 * 60 * 60,
  retainedCountMax: 1_000_000,
  retainedBytesMax: 1_073_741_824,
  connectionsMax: 100_000,
  connectionsPerAddressMax: 1_000,
  sysIntervalMs: 10_000,
}

/** The smallest and largest value of each limit that the protocol or plain sense allows; others take any whole number from 1. */
const ranges: Partial<Record<keyof Limits, readonly [min: number, max: number]>> = {
  connectPacketBytesMax: [16, 268_435_460],
  packetBytesMax: [16, 268_435_460],
  keepAliveMax: [1, 0xffff],
  receiveMaximum: [1, 0xffff],
  inFlightMessagesMax: [1, 0xffff],
  topicAliasMaximum: [0, 0xffff],
  outgoingTopicAliasMaximum: [0, 0xffff],
  sessionExpiryIntervalMax: [0, 0xffffffff],
  filterWildcardsMax: [0, 0xffff],
  sysIntervalMs: [0, Number.MAX_SAFE_INTEGER],
}

/** An option that cannot be. The message names it and says what it may be. */
export class ConfigError extends Error {
  readonly code: 'ERR_CONFIG' = 'ERR_CONFIG'
  /** Path of the option, such as `limits.receiveMaximum`. */
  readonly option: string

  constructor(option: string, message: string) {
    super(`${option} ${message}`)
    this.option = option
  }

  override get name(): string {
    return 'ConfigError'
  }
}

/** Fills in the defaults. @throws {ConfigError} when a limit does not exist or has a value that it cannot have */
export function limitsOf(given: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(given)) checkLimit(name, value)
  return { ...defaultLimits, ...given }
}

/** Fills in the default. @throws {ConfigError} when there is no such policy */
export function queuePolicyOf(given: QueuePolicy = 'drop-oldest'): QueuePolicy {
  if (queuePolicies.includes(given)) return given
  throw new ConfigError('queuePolicy', `must be one of ${queuePolicies.join(', ')}, not ${String(given)}`)
}

function checkLimit(name: string, value: unknown): void {
  if (!Object.hasOwn(defaultLimits, name)) {
    throw new ConfigError(`limits.${name}`, `does not exist; there are ${Object.keys(defaultLimits).join(', ')}`)
  }
  const [min, max] = ranges[name as keyof Limits] ?? [1, Number.MAX_SAFE_INTEGER]
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return
  throw new ConfigError(`limits.${name}`, `must be a whole number from ${min} to ${max}, not ${String(value)}`)
}
