import { type ConnectOptions, hostRuntime, type WillOptions } from '@curlew/client'
import type { QoS } from '@curlew/codec'
import { type PacketProperties, pairsOf, toProperties } from './packets.ts'

/** Options of `connect`, those of MQTT.js that are covered. Those of TLS are passed on to Node. */
export interface IClientOptions {
  protocol?: string
  host?: string
  hostname?: string
  port?: number
  path?: string
  auth?: string
  servers?: { host: string; port: number; protocol?: string }[]
  clientId?: string
  protocolVersion?: 3 | 4 | 5
  protocolId?: string
  username?: string
  password?: string | Buffer
  clean?: boolean
  /** Seconds. Default 60. */
  keepalive?: number
  /** Milliseconds. Default 30 000. */
  connectTimeout?: number
  /** Milliseconds; 0 for no reconnects. Default 1 000. */
  reconnectPeriod?: number
  queueQoSZero?: boolean
  manualConnect?: boolean
  autoUseTopicAlias?: boolean
  autoAssignTopicAlias?: boolean
  properties?: PacketProperties
  will?: {
    topic: string
    payload: string | Buffer
    qos?: QoS
    retain?: boolean
    properties?: PacketProperties
  }
  wsOptions?: { headers?: Record<string, string>; [name: string]: unknown }
  ca?: unknown
  cert?: unknown
  key?: unknown
  rejectUnauthorized?: boolean
  [name: string]: unknown
}

/** Options that mean something that is not covered: better no program than one that does something else. */
const uncovered = [
  'authPacket',
  'createWebsocket',
  'customHandleAcks',
  'incomingStore',
  'messageIdProvider',
  'outgoingStore',
  'reconnectOnConnackError',
  'socksProxy',
  'transformWsUrl',
  'unixSocket',
]

/** What Node's `tls.connect` is given, if it is there. */
const tlsOptions = [
  'ALPNProtocols',
  'ca',
  'cert',
  'checkServerIdentity',
  'ciphers',
  'key',
  'maxVersion',
  'minVersion',
  'passphrase',
  'pfx',
  'rejectUnauthorized',
  'secureContext',
  'servername',
]

const secureProtocols: Record<string, string> = { mqtt: 'mqtts', ws: 'wss' }
const known = /^(mqtts?|tcp|ssl|tls|wss?)$/

/** The URL's parts and the options together, as MQTT.js does it: options win. @throws {Error} for what is not covered */
export function mergedOptions(url: string | IClientOptions | undefined, options: IClientOptions = {}): IClientOptions {
  const merged = typeof url === 'string' ? { ...urlParts(url), ...options } : { ...url, ...options }
  for (const name of uncovered) {
    if (merged[name]) throw new Error(`@curlew/compat-mqttjs does not cover the option ${name}`)
  }
  if (merged.resubscribe === false) throw new Error('@curlew/compat-mqttjs does not cover resubscribe: false')
  if (merged.clean === false && !merged.clientId) throw new Error('Missing clientId for unclean clients')
  merged.protocol = (merged.protocol ?? 'mqtt').replace(/:$/, '')
  if (!known.test(merged.protocol)) throw new Error(`@curlew/compat-mqttjs does not cover ${merged.protocol}:`)
  if (merged.cert && merged.key) merged.protocol = secureProtocols[merged.protocol] ?? merged.protocol
  const [username, ...password] = merged.auth?.split(':') ?? []
  if (username !== undefined) merged.username ??= username
  if (password.length > 0) merged.password ??= password.join(':')
  return {
    clientId: `mqttjs_${Math.random().toString(16).slice(2, 10)}`,
    keepalive: 60,
    protocolVersion: 4,
    reconnectPeriod: 1_000,
    connectTimeout: 30_000,
    clean: true,
    resubscribe: true,
    queueQoSZero: true,
    ...merged,
  }
}

function urlParts(text: string): IClientOptions {
  if (!/^[a-z]+:/i.test(text)) throw new Error('Missing protocol')
  const { protocol, hostname, port, pathname, search, username, password, searchParams } = new URL(text)
  const clientId = searchParams.get('clientId')
  return {
    protocol,
    host: hostname,
    path: `${pathname || '/'}${search}`,
    ...(port && { port: Number(port) }),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(clientId && { clientId }),
  }
}

/** Where to connect to: in turn, when there are several. */
export function urlsOf({ protocol, host, hostname, port, path, servers }: IClientOptions): string[] {
  const list = servers ?? [{ host: hostname ?? host ?? 'localhost', port }]
  return list.map(server => {
    const scheme = ('protocol' in server && server.protocol) || protocol!
    const where = `${scheme}://${server.host}${server.port ? `:${server.port}` : ''}`
    return scheme.startsWith('ws') ? `${where}${path ?? '/'}` : where
  })
}

/** The options of our client. */
export function connectOptionsOf(options: IClientOptions): ConnectOptions {
  const { clientId, protocolVersion, clean, keepalive, connectTimeout, username, password, will, wsOptions } = options
  const { reconnectPeriod = 0, properties = {}, autoUseTopicAlias, autoAssignTopicAlias } = options
  const { requestResponseInformation, requestProblemInformation, userProperties } = properties
  return {
    clientId: clientId!,
    protocolVersion: protocolVersion!,
    cleanStart: clean!,
    keepAlive: keepalive!,
    connectTimeoutMs: connectTimeout!,
    sessionExpiryInterval: properties.sessionExpiryInterval ?? 0,
    receiveMaximum: properties.receiveMaximum ?? 65_535,
    maximumPacketSize: properties.maximumPacketSize ?? 268_435_460,
    topicAliasMaximum: properties.topicAliasMaximum ?? 0,
    outgoingTopicAliasMaximum: autoUseTopicAlias || autoAssignTopicAlias ? 65_535 : 0,
    properties: {
      ...(requestResponseInformation === undefined ? {} : { requestResponseInformation }),
      ...(requestProblemInformation === undefined ? {} : { requestProblemInformation }),
      ...(userProperties && { userProperties: pairsOf(userProperties) }),
    },
    ...(username === undefined ? {} : { credentials: { userName: username, password } }),
    ...(will && { will: willOf(will) }),
    tls: Object.fromEntries(tlsOptions.filter(name => name in options).map(name => [name, options[name]])),
    ...(wsOptions?.headers && { headers: wsOptions.headers }),
    // Every wait is as long as the first one: no growth, and chance that always says the most.
    reconnect: reconnectPeriod > 0 && { delayMs: reconnectPeriod, delayMaxMs: reconnectPeriod },
    runtime: { ...hostRuntime, random: () => 1 },
    startsOffline: true,
    outboxMessagesMax: 1_000_000,
    outboxBytesMax: 2 ** 30,
  }
}

function willOf({
  topic,
  payload,
  qos = 0,
  retain = false,
  properties = {},
}: NonNullable<IClientOptions['will']>): WillOptions {
  return { topic, payload, qos, retain, properties: toProperties(properties) }
}
