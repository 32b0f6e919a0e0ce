import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  type Capabilities,
  checkExposure,
  type Limits,
  ListenError,
  type QueuePolicy,
  type RoutingOptions,
} from '@curlew/broker'
import { CommandError, ExitCode } from './command-error.ts'
import { commandLine } from './command-line.ts'
import { readConfigFile } from './config-file.ts'
import type { ConfigOptions, DurabilityLevel, ListenerOptions, LogFormat, LogLevel } from './config-schema.ts'
import { type StartFlags, startArguments } from './start-flags.ts'

/** Read when it exists and no other file is named. */
export const DEFAULT_CONFIG_FILE = 'curlew.yaml'
const DEFAULT_DATA_FOLDER = 'data'

const defaultPorts = { mqtt: 1883, ws: 8083 } as const

/** A listener with nothing left open. */
export type ListenerSettings = Required<Omit<ListenerOptions, 'origins'>> & Pick<ListenerOptions, 'origins'>

/** What `curlew start` goes by: flags, then the configuration file, then defaults. */
export interface Settings {
  /** Path of the file as it was named, if there is one. */
  readonly configFile: string | undefined
  readonly listeners: readonly ListenerSettings[]
  /** Absolute path of the data folder. */
  readonly dataFolder: string
  readonly durability: DurabilityLevel
  readonly queuePolicy: QueuePolicy
  readonly limits: Partial<Limits>
  readonly capabilities: Partial<Capabilities>
  readonly routing: Partial<RoutingOptions>
  readonly logLevel: LogLevel
  /** `undefined`: whatever suits the place that the log goes to. */
  readonly logFormat: LogFormat | undefined
}

/**
 * Reads the configuration file, if there is one, and puts the flags on top.
 *
 * @throws {CommandError} when something that was asked for can not be
 */
export function readSettings(flags: StartFlags): Settings {
  const configFile = configFileOf(flags)
  const options: ConfigOptions = configFile === undefined ? {} : readConfigFile(configFile)
  const listeners = listenersOf(options, flags)
  checkListeners(listeners, flags)
  return {
    configFile,
    listeners,
    dataFolder: dataFolderOf(options, flags, configFile),
    durability: flags.durability ?? options.durability ?? 'always',
    queuePolicy: flags.queuePolicy ?? options.queuePolicy ?? 'drop-oldest',
    limits: options.limits ?? {},
    capabilities: options.capabilities ?? {},
    routing: options.routing ?? {},
    logLevel: flags.logLevel ?? options.log?.level ?? 'info',
    logFormat: flags.logFormat ?? options.log?.format,
  }
}

/** Which data folder a command is about. */
export type DataFlags = Pick<StartFlags, 'config' | 'data'>

/**
 * The absolute path of the data folder of a broker that is started with these flags.
 *
 * @throws {CommandError} when the configuration file is wrong
 */
export function readDataFolder(flags: DataFlags): string {
  const configFile = configFileOf(flags)
  return dataFolderOf(configFile === undefined ? {} : readConfigFile(configFile), flags, configFile)
}

function configFileOf({ config }: DataFlags): string | undefined {
  return config ?? (existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : undefined)
}

/** A path in a file is meant from where the file is, so that the file means the same from everywhere. */
function dataFolderOf(options: ConfigOptions, flags: DataFlags, configFile: string | undefined): string {
  if (flags.data !== undefined || options.data === undefined) return resolve(flags.data ?? DEFAULT_DATA_FOLDER)
  return resolve(dirname(configFile ?? '.'), options.data)
}

function listenersOf(options: ConfigOptions, flags: StartFlags): ListenerSettings[] {
  let listeners: readonly ListenerOptions[] = options.listeners ?? [{ protocol: 'mqtt' }, { protocol: 'ws' }]
  listeners = withPort(listeners, 'mqtt', flags.port, '--port')
  listeners = flags.ws
    ? withPort(listeners, 'ws', flags.wsPort, '--ws-port')
    : listeners.filter(({ protocol }) => protocol !== 'ws')
  return listeners.map(({ protocol, host, port, insecure, origins }) => ({
    protocol,
    host: flags.host ?? host ?? '127.0.0.1',
    port: port ?? defaultPorts[protocol],
    insecure: flags.insecure ?? insecure ?? false,
    ...(origins === undefined ? {} : { origins }),
  }))
}

/** Gives the one listener of a protocol another port; when there is none, adds it. */
function withPort(
  listeners: readonly ListenerOptions[],
  protocol: 'mqtt' | 'ws',
  port: number | undefined,
  flag: string,
): readonly ListenerOptions[] {
  if (port === undefined) return listeners
  const count = listeners.filter(listener => listener.protocol === protocol).length
  if (count === 0) return [...listeners, { protocol, port }]
  if (count === 1) return listeners.map(listener => (listener.protocol === protocol ? { ...listener, port } : listener))
  const message = `${flag} ${port} does not say which of the ${count} ${protocol} listeners of the configuration it is for`
  throw new CommandError(ExitCode.Usage, message, ['change the port in the configuration'])
}

/** Finds what would fail later, or worse, would not. */
function checkListeners(listeners: readonly ListenerSettings[], flags: StartFlags): void {
  if (listeners.length === 0) {
    throw new CommandError(
      ExitCode.Usage,
      '--no-ws leaves nothing to listen on: the configuration has only ws listeners',
    )
  }
  const places = new Set<string>()
  for (const { host, port } of listeners) {
    const place = `port ${port} on ${host}`
    if (port !== 0 && places.has(place)) {
      throw new CommandError(ExitCode.Usage, `two listeners want ${place}: give one of them another port`)
    }
    places.add(place)
  }
  for (const listener of listeners) checkListenerExposure(listener, flags)
}

function checkListenerExposure(listener: ListenerSettings, flags: StartFlags): void {
  try {
    checkExposure(listener)
  } catch (error) {
    if (!(error instanceof ListenError)) throw error
    const forThisMachine = commandLine(startArguments({ ...flags, host: '127.0.0.1' }))
    const forEverybody = commandLine(startArguments({ ...flags, insecure: true }))
    throw new CommandError(
      ExitCode.Usage,
      error.message,
      [`${forThisMachine}   # this machine only`, `${forEverybody}   # everybody may do everything`],
      { cause: error },
    )
  }
}
