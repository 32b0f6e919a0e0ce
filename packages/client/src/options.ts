import type { ConnectProperties, DisconnectProperties, QoS, WillProperties } from '@curlew/codec'
import type { ReconnectOptions } from './backoff.ts'
import type { AuthenticationMethod } from './enhanced-auth.ts'
import { argumentError } from './error.ts'
import type { Outbox } from './outbox.ts'
import { type ClientRuntime, hostRuntime } from './runtime.ts'
import type { ByteStream, Transport } from './transport/byte-stream.ts'
import type { TransportOptions } from './transport/open.ts'

/** Who the Client is; asked for before each attempt to connect, so that a token can be fresh. */
export interface Credentials {
  readonly userName?: string | undefined
  readonly password?: string | Uint8Array | undefined
}

/** What the Server publishes when the Client goes without saying so (section 3.1.2.5). */
export interface WillOptions {
  readonly topic: string
  readonly payload: string | Uint8Array
  /** Default 0. */
  readonly qos?: QoS
  /** Default `false`. */
  readonly retain?: boolean
  readonly properties?: WillProperties
}

/** Everything about a connection can be left out. */
export interface ConnectOptions extends TransportOptions {
  /** Default: a random one. */
  clientId?: string
  /** 5, 4 (MQTT 3.1.1) or 3 (MQTT 3.1). Default: 5, and 4 when the Server refuses that. */
  protocolVersion?: 3 | 4 | 5
  /** A value, or a function that is called before each attempt, such as one that fetches a token. Default: those of the URL. */
  credentials?: Credentials | (() => Credentials | Promise<Credentials>)
  /** A method of extended authentication; MQTT 5.0 only. Default: none. */
  authentication?: AuthenticationMethod
  will?: WillOptions
  /**
   * Whether the first connection begins a new Session, and `close()` ends it. Reconnects always go on with the Session if the
   * Server still has it. Default: `true`, and `false` with a durable outbox. In 3.1.1, `true` means that every connection
   * begins a new Session: that version knows no other.
   */
  cleanStart?: boolean
  /** Seconds that the Server keeps the Session after a connection. Default 3 600 (an hour). 5.0 only. */
  sessionExpiryInterval?: number
  /** Seconds, 0 to 65 535; 0 turns it off. Default 60. */
  keepAlive?: number
  /** How long the Server may take to answer a ping before the connection counts as broken, in milliseconds. Default 10 000. */
  pingTimeoutMs?: number
  /** How long opening a stream and CONNECT may take together, in milliseconds. Default 30 000. */
  connectTimeoutMs?: number
  /** QoS 1 and 2 messages that the Server may send before we acknowledge, 1 to 65 535. Default 256. 5.0 only. */
  receiveMaximum?: number
  /**
   * QoS 1 and 2 messages that are sent before the Server acknowledges, 1 to 65 535; the others wait in the outbox. Default: the Receive
   * Maximum that the Server announces; 20 below 5.0, where a Server cannot say, and Mosquitto 2.0 loses QoS 2 messages beyond.
   */
  inFlightMax?: number
  /** Bytes of the largest packet that is taken. A larger one ends the connection. Default 16 MiB. */
  maximumPacketSize?: number
  /** Topic Aliases that the Server may set, 0 to 65 535. Default 16. */
  topicAliasMaximum?: number
  /** Topic Aliases that we set, at most; the Server may allow less. Default 16. */
  outgoingTopicAliasMaximum?: number
  /** User Properties and other properties of CONNECT that have no option of their own. */
  properties?: Pick<ConnectProperties, 'requestProblemInformation' | 'requestResponseInformation' | 'userProperties'>
  /** How to come back after a connection is lost; `false`: not at all. */
  reconnect?: ReconnectOptions | false
  /** Whether `connect()` resolves at once, and goes on trying like a Client that has lost its connection. Default `false`. */
  startsOffline?: boolean
  /** What `publish` does without a connection: wait in the outbox, or reject with `ERR_OFFLINE`. Default `queue`. */
  offline?: 'queue' | 'reject'
  /** What happens when the outbox is full: the new message is rejected, or the oldest that has not been sent. Default `reject`. */
  outboxOverflow?: 'reject' | 'drop-oldest'
  /** Messages in the outbox at most, those in flight included. Default 10 000. */
  outboxMessagesMax?: number
  /** Bytes of payload and properties in the outbox at most. Default 64 MiB. */
  outboxBytesMax?: number
  /** Where messages survive the process. Needs a `clientId`. Default: they live in memory. The Client closes it. */
  outbox?: Outbox
  /** Bytes that may wait in the host's buffer before messages wait in the outbox. Default 1 MiB. */
  outputHighWaterBytes?: number
  /** A way to the Server in place of the URLs. */
  transport?: Transport
  /** Given each stream when it is open; what it returns takes its place. For tools that look at what goes by. */
  tap?: (stream: ByteStream) => ByteStream
  /** Gives up connecting, for the first time or after; the Client is then closed. */
  signal?: AbortSignal
  /** Clock, timers and chance. Default: those of the host. */
  runtime?: ClientRuntime
}

/** How to end a Client: see `close`. */
export interface CloseOptions {
  readonly drain?: boolean
  readonly signal?: AbortSignal | undefined
  readonly reasonCode?: 0 | 4
  readonly isSilent?: boolean
  readonly properties?: Omit<DisconnectProperties, 'serverReference'>
}

/** {@link ConnectOptions} with the defaults filled in. */
export type ResolvedOptions = ConnectOptions &
  Required<
    Pick<
      ConnectOptions,
      | 'clientId'
      | 'cleanStart'
      | 'sessionExpiryInterval'
      | 'keepAlive'
      | 'pingTimeoutMs'
      | 'connectTimeoutMs'
      | 'receiveMaximum'
      | 'maximumPacketSize'
      | 'topicAliasMaximum'
      | 'outgoingTopicAliasMaximum'
      | 'outboxMessagesMax'
      | 'outboxBytesMax'
      | 'outputHighWaterBytes'
      | 'runtime'
    >
  >

/** The smallest and largest value of what is a number. */
const ranges: Partial<Record<keyof ConnectOptions, readonly [min: number, max: number]>> = {
  protocolVersion: [3, 5],
  sessionExpiryInterval: [0, 0xffffffff],
  keepAlive: [0, 0xffff],
  pingTimeoutMs: [1, 2 ** 31],
  connectTimeoutMs: [1, 2 ** 31],
  receiveMaximum: [1, 0xffff],
  inFlightMax: [1, 0xffff],
  maximumPacketSize: [16, 268_435_460],
  topicAliasMaximum: [0, 0xffff],
  outgoingTopicAliasMaximum: [0, 0xffff],
  outboxMessagesMax: [1, 0xffffffff],
  outboxBytesMax: [1, 2 ** 40],
  outputHighWaterBytes: [1, 2 ** 40],
}

/** Fills in the defaults. @throws {ClientError} `ERR_INVALID_ARGUMENT` naming an option that cannot be */
export function resolveOptions(given: ConnectOptions): ResolvedOptions {
  if (given.outbox && !given.clientId)
    throw argumentError('an outbox needs a clientId: its next run must be the same Client')
  const options: ResolvedOptions = {
    clientId: randomClientId(),
    cleanStart: !given.outbox,
    sessionExpiryInterval: 3_600,
    keepAlive: 60,
    pingTimeoutMs: 10_000,
    connectTimeoutMs: 30_000,
    receiveMaximum: 256,
    maximumPacketSize: 16_777_216,
    topicAliasMaximum: 16,
    outgoingTopicAliasMaximum: 16,
    outboxMessagesMax: 10_000,
    outboxBytesMax: 67_108_864,
    outputHighWaterBytes: 1_048_576,
    runtime: hostRuntime,
    ...given,
  }
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const value = options[name as keyof ConnectOptions]
    if (value === undefined || (Number.isInteger(value) && (value as number) >= min && (value as number) <= max))
      continue
    throw argumentError(`${name} must be a whole number from ${min} to ${max}, not ${String(value)}`)
  }
  return options
}

/** 80 random bits as letters and digits, 23 characters in all: what every 3.1.1 Server must take [MQTT-3.1.3-5]. */
function randomClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10))
  return `cur${Array.from(bytes, byte => byte.toString(36).padStart(2, '0')).join('')}`
}
