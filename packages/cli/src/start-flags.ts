import { type QueuePolicy, queuePolicies } from '@curlew/broker'
import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  type DurabilityLevel,
  durabilityLevels,
  type LogFormat,
  type LogLevel,
  logFormats,
  logLevels,
  PORT_MAX,
} from './config-schema.ts'

/** The flags of `curlew start` as they were given. */
export interface StartFlags {
  readonly config?: string
  readonly host?: string
  readonly port?: number
  readonly wsPort?: number
  /** `false` with `--no-ws`. */
  readonly ws: boolean
  readonly data?: string
  readonly durability?: DurabilityLevel
  readonly queuePolicy?: QueuePolicy
  readonly insecure?: boolean
  readonly logLevel?: LogLevel
  readonly logFormat?: LogFormat
  readonly checkConfig?: true
}

/** Declares the flags. `-h` means host, as everywhere in MQTT. */
export function addStartFlags(command: Command): Command {
  return command
    .option('--config <file>', 'read this configuration file (default: curlew.yaml, if it exists)', parseText)
    .option('-h, --host <host>', 'address to listen on (default: 127.0.0.1)', parseText)
    .option('-p, --port <port>', 'port for MQTT, 0 for any free one (default: 1883)', parsePort)
    .option('--ws-port <port>', 'port for WebSocket, 0 for any free one (default: 8083)', parsePort)
    .addOption(new Option('--no-ws', 'no WebSocket').conflicts('wsPort'))
    .option('--data <folder>', 'folder for what the broker keeps (default: ./data)', parseText)
    .addOption(
      new Option('--durability <level>', 'when an acknowledgement may leave (default: always)').choices(
        durabilityLevels,
      ),
    )
    .addOption(
      new Option('--queue-policy <policy>', 'when the queue of a session is full (default: drop-oldest)').choices(
        queuePolicies,
      ),
    )
    .option('--insecure', 'let everybody who reaches a listener do everything')
    .addOption(new Option('--log-level <level>', 'least important events to log (default: info)').choices(logLevels))
    .addOption(
      new Option('--log-format <format>', 'form of the log (default: pretty on a terminal)').choices(logFormats),
    )
    .option('--check-config', 'only check the configuration and the flags')
}

/** The arguments that mean `flags`, for lines to paste. */
export function startArguments(flags: StartFlags): string[] {
  const args = ['start']
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) args.push(name, String(value))
  }
  add('--config', flags.config)
  add('--host', flags.host)
  add('--port', flags.port)
  add('--ws-port', flags.wsPort)
  if (!flags.ws) args.push('--no-ws')
  add('--data', flags.data)
  add('--durability', flags.durability)
  add('--queue-policy', flags.queuePolicy)
  if (flags.insecure) args.push('--insecure')
  add('--log-level', flags.logLevel)
  add('--log-format', flags.logFormat)
  return args
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= PORT_MAX) return port
  throw new InvalidArgumentError(`It must be a whole number from 0 to ${PORT_MAX}.`)
}

function parseText(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('It is empty.')
}
