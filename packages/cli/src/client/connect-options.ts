import { appendFileSync } from 'node:fs'
import type { AuthenticationMethod, ConnectOptions, WillOptions } from '@curlew/client'
import { CommandError, ExitCode } from '../command-error.ts'
import type { ClientFlags } from './client-flags.ts'
import { dialer } from './dial.ts'
import { writableFile } from './file-content.ts'
import { NEVER_EXPIRES } from './flag-values.ts'
import type { PacketProperties } from './property-flags.ts'
import type { ServerAddress } from './server-address.ts'
import { tlsOptions } from './tls-options.ts'

/** The largest packet that MQTT has: what the broker sends is printed, whatever its size. */
const PACKET_BYTES_MAX = 268_435_460

/** No properties at all. */
export const noPacketProperties: PacketProperties = {
  connect: {},
  publish: {},
  subscribe: {},
  unsubscribe: {},
  disconnect: {},
  will: {},
}

/**
 * The options of the client library that the flags stand for.
 *
 * @throws {CommandError} when they contradict each other or ask for what there is not
 */
export function connectOptions(flags: ClientFlags, address: ServerAddress): ConnectOptions {
  check(flags, address)
  const { connect, will } = flags.property ?? noPacketProperties
  const { property, tlsKeylog } = flags
  const tls = address.isTls ? tlsOptions(flags) : {}
  const version = property ? 5 : flags.protocolVersion
  const id = flags.id ?? (flags.idPrefix === undefined ? undefined : `${flags.idPrefix}${process.pid}`)
  const keylog = address.isTls && tlsKeylog !== undefined ? writableFile('--tls-keylog', tlsKeylog) : undefined
  return {
    ...(id !== undefined && { clientId: id }),
    ...(version !== undefined && { protocolVersion: version }),
    credentials: { userName: address.userName, password: address.password },
    cleanStart: !flags.disableCleanSession,
    sessionExpiryInterval: sessionExpiry(flags),
    keepAlive: flags.keepalive ?? 60,
    maximumPacketSize: connect.maximumPacketSize ?? PACKET_BYTES_MAX,
    topicAliasMaximum: connect.topicAliasMaximum ?? 0,
    outgoingTopicAliasMaximum: property?.publish.topicAlias === undefined ? 0 : 1,
    receiveMaximum: connect.receiveMaximum ?? 256,
    properties: {
      ...(connect.requestProblemInformation === false && { requestProblemInformation: false }),
      ...(connect.requestResponseInformation && { requestResponseInformation: true }),
      ...(connect.userProperties && { userProperties: connect.userProperties }),
    },
    ...(connect.authenticationMethod !== undefined && {
      authentication: fixedAuthentication(connect.authenticationMethod, connect.authenticationData),
    }),
    ...(flags.willTopic !== undefined && { will: willOptions(flags, flags.willTopic, will) }),
    tls: tls as Readonly<Record<string, unknown>>, // a table of options of Node's
    dial: dialer(flags),
    ...(keylog !== undefined && { onKeylog: line => appendFileSync(keylog, line) }),
  }
}

/** Seconds that the Server keeps the Session once the tool has gone; as in Mosquitto's tools `-c` keeps it for ever. */
export function sessionExpiry({ sessionExpiryInterval, property, disableCleanSession }: ClientFlags): number {
  const given = sessionExpiryInterval ?? property?.connect.sessionExpiryInterval
  return given ?? (disableCleanSession ? NEVER_EXPIRES : 0)
}

function check(flags: ClientFlags, { password, userName }: ServerAddress): void {
  const fault = (message: string, ...tries: string[]): never => {
    throw new CommandError(ExitCode.Failed, message, tries)
  }
  const isOld = flags.property === undefined && (flags.protocolVersion ?? 5) < 5
  if (flags.disableCleanSession && flags.id === undefined) {
    fault('a Session can only be kept (-c) for a Client Identifier that stays the same', '-c -i my-client')
  }
  if (!isOld && sessionExpiry(flags) === NEVER_EXPIRES && flags.id === undefined) {
    fault('a Session can only be kept for ever (-x -1) for a Client Identifier', '-x -1 -i my-client')
  }
  if (isOld && password !== undefined && userName === undefined) fault('a password (-P) needs a user name (-u)')
  if (flags.willTopic === undefined && (flags.willPayload !== undefined || flags.willRetain)) {
    fault('a will needs a topic', '--will-topic clients/me/state')
  }
  if (flags.unix !== undefined && flags.proxy !== undefined) {
    fault('--proxy leads to a host, and --unix connects to none: give one of them')
  }
  if (!flags.property?.connect.authenticationMethod && flags.property?.connect.authenticationData) {
    fault('authentication-data needs a method', '-D connect authentication-method NAME')
  }
}

function willOptions(flags: ClientFlags, topic: string, properties: PacketProperties['will']): WillOptions {
  const { willPayload = '', willQos = 0, willRetain = false } = flags
  return { topic, payload: willPayload, qos: willQos, retain: willRetain, properties }
}

/** An exchange of one message; a Server that asks for more is told nothing. */
function fixedAuthentication(name: string, data: Uint8Array | undefined): AuthenticationMethod {
  return { name, begin: () => ({ step: asked => (asked === undefined ? data : undefined) }) }
}
