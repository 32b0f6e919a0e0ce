import { isIP } from 'node:net'
import { isTopicFilter } from '@curlew/codec'
import { CommandError, ExitCode } from '../command-error.ts'
import type { ClientFlags } from './client-flags.ts'

/** Where to connect to, and what `-L` says beside that. */
export interface ServerAddress {
  /** For the client library, which takes the first that accepts; what a Unix domain socket has for a URL only names it. */
  readonly urls: readonly string[]
  readonly isWebSocket: boolean
  /** For people, such as `localhost:1883`. */
  readonly name: string
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  readonly userName: string | undefined
  readonly password: string | undefined
  /** Topic or Topic Filter of `-L`. */
  readonly topic: string | undefined
}

/** Default ports: Mosquitto's, and for WebSocket those that Curlew listens on. */
const ports = { tcp: 1883, tls: 8883, ws: 8083, wss: 8084 } as const

/** Where MQTT is, on a server that has more than that. */
const WS_PATH = '/mqtt'

interface GivenUrl {
  readonly isWebSocket: boolean
  readonly isTls: boolean
  readonly userName?: string | undefined
  readonly password?: string | undefined
  readonly host: string
  readonly port?: number | undefined
  readonly topic: string
}

/**
 * Makes one address of all flags that say where the Server is.
 *
 * @throws {CommandError} when `-L` is no URL
 */
export function serverAddress(flags: ClientFlags): ServerAddress {
  const given = flags.url === undefined ? undefined : parseUrl(flags.url)
  const isWebSocket = flags.ws === true || given?.isWebSocket === true
  const host = flags.host ?? given?.host ?? 'localhost'
  const isTls = flags.tls && (given?.isTls === true || asksForTls(flags))
  const port = flags.port ?? given?.port ?? ports[isWebSocket ? (isTls ? 'wss' : 'ws') : isTls ? 'tls' : 'tcp']
  const scheme = isWebSocket ? (isTls ? 'wss' : 'ws') : isTls ? 'mqtts' : 'mqtt'
  const path = isWebSocket ? (flags.wsPath ?? WS_PATH).replace(/^\/?/, '/') : ''
  const url = `${urlOf(scheme, { host, port })}${path}`
  if (!URL.canParse(url)) throw hostError(host)
  if (flags.srv) checkLookup(flags, isWebSocket, given)
  return {
    urls: [url],
    isWebSocket,
    name: flags.srv ? `the servers of ${host}` : (flags.unix ?? authority(host, port)),
    host,
    port,
    isTls,
    userName: flags.username ?? given?.userName,
    password: flags.pw ?? given?.password,
    topic: given?.topic,
  }
}

/** A host and a port as they stand in a URL. */
export function authority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** A URL without a path. */
export function urlOf(scheme: string, { host, port }: { readonly host: string; readonly port: number }): string {
  return `${scheme}://${authority(host, port)}`
}

/** DNS names hosts and ports of servers that speak MQTT over TCP or TLS, and nothing else. */
function checkLookup({ host, port, unix }: ClientFlags, isWebSocket: boolean, given: GivenUrl | undefined): void {
  const fault = (message: string, ...tries: string[]): never => {
    throw new CommandError(ExitCode.Failed, message, tries)
  }
  const domain = host ?? given?.host
  if (domain === undefined) return fault('-S needs the domain whose servers are looked up', '-S -h example.org')
  if (isIP(domain)) fault(`-S needs a domain, and ${domain} is an address`, `-h ${domain}, without -S`)
  if (port !== undefined || given?.port !== undefined) fault('-S looks up the port as well: leave out yours')
  if (unix !== undefined) fault('-S looks up a host, and --unix connects to none: give one of them')
  if (isWebSocket) fault('-S is not for WebSocket, for which DNS has no name', `-h ${domain}, without -S`)
}

/** Any flag that makes no sense without TLS, and the port that is meant for it. */
function asksForTls(flags: ClientFlags): boolean {
  const { cafile, capath, cert, psk, tlsUseOsCerts, port } = flags
  return [cafile, capath, cert, psk, tlsUseOsCerts].some(flag => flag !== undefined) || port === ports.tls
}

/** By hand: in a topic, # and ? and % stand for themselves. */
function parseUrl(text: string): GivenUrl {
  const [, scheme, authority, topic] = /^(mqtts?|wss?):\/\/([^/]*)(?:\/(.*))?$/is.exec(text) ?? []
  if (scheme === undefined || authority === undefined) {
    throw urlError(text, 'it begins with mqtt://, mqtts://, ws:// or wss://')
  }
  if (topic === undefined || !isTopicFilter(topic)) throw urlError(text, 'it ends with a slash and the topic')
  const [, user, host = '', , port] = /^(?:(.*)@)?(\[[^\]]*\]|[^:]*)(:(\d{1,5}))?$/.exec(authority) ?? []
  if (host === '' || Number(port ?? 0) > 65_535) throw urlError(text, 'behind the scheme comes host or host:port')
  const [, userName, , password] = /^([^:]*)(:(.*))?$/s.exec(user ?? '') ?? []
  return {
    isWebSocket: /^ws/i.test(scheme),
    isTls: /s$/i.test(scheme) && !/^ws$/i.test(scheme),
    userName: user === undefined ? undefined : decoded(userName!),
    password: password === undefined ? undefined : decoded(password),
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? undefined : Number(port),
    topic,
  }
}

function hostError(host: string): CommandError {
  const isUrl = /^(mqtts?|wss?):\/\//i.test(host)
  const [, name, port] = /^([^:/]+):(\d+)$/.exec(host) ?? []
  const split = name === undefined ? [] : [`-h ${name} -p ${port}`]
  const tries = isUrl ? [`-L ${host.replace(/\/*$/, '')}/<topic>, without -t`] : split
  return new CommandError(ExitCode.Failed, `'${host}' is no name of a host`, tries)
}

function urlError(text: string, rule: string): CommandError {
  const shown = text.replace(/:[^:@/]*@/, ':…@')
  return new CommandError(ExitCode.Failed, `'${shown}' is no URL for -L: ${rule}`, ['-L mqtt://localhost:1883/topic'])
}

/** A name or a password in which a character was written as %40, or one that has a % of its own. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
