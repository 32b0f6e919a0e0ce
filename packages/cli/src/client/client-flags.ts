import { type Command, Option } from 'commander'
import { PORT_MAX } from '../config-schema.ts'
import { each, protocolVersion, sessionExpiry, someText, topicFilter, topicName, wholeNumber } from './flag-values.ts'
import type { PacketProperties } from './property-flags.ts'

/** The flags that `pub`, `sub` and `request` have in common, as they were given. */
export interface ClientFlags {
  readonly host?: string
  readonly port?: number
  readonly url?: string
  readonly unix?: string
  readonly ws?: true
  readonly wsPath?: string
  readonly bind?: string
  readonly username?: string
  readonly pw?: string
  readonly id?: string
  readonly idPrefix?: string
  readonly keepalive?: number
  readonly disableCleanSession?: true
  readonly sessionExpiryInterval?: number
  readonly protocolVersion?: 3 | 4 | 5
  readonly qos: 0 | 1 | 2
  readonly maxInflight: number
  readonly property?: PacketProperties
  readonly saveOptions?: string
  readonly saveSecrets?: true
  readonly debug?: true
  readonly quiet?: true
  readonly proxy?: string
  readonly srv?: true
  readonly willTopic?: string
  readonly willPayload?: string
  readonly willQos?: 0 | 1 | 2
  readonly willRetain?: true
  readonly cafile?: string
  readonly capath?: string
  readonly cert?: string
  readonly key?: string
  readonly keyform?: string
  readonly ciphers?: string
  readonly tlsVersion?: TlsVersion
  readonly tlsAlpn?: string
  readonly tlsUseOsCerts?: true
  readonly tlsEngine?: string
  readonly tlsKeylog?: string
  readonly insecure?: true
  readonly psk?: string
  readonly pskIdentity?: string
  /** `false` with `--no-tls`. */
  readonly tls: boolean
}

export const tlsVersions = ['tlsv1.3', 'tlsv1.2', 'tlsv1.1'] as const
export type TlsVersion = (typeof tlsVersions)[number]

const qos = wholeNumber(0, 2)

/** Declares them on a command. `-h` means host, as everywhere in MQTT. */
export function addClientFlags(command: Command): Command {
  addConnectionFlags(command)
  addSessionFlags(command)
  addTlsFlags(command)
  return addWillFlags(command)
}

function addConnectionFlags(command: Command): void {
  command
    .optionsGroup('Connection:')
    .option('-h, --host <host>', 'where the broker is (default: localhost)', someText)
    .option(
      '-p, --port <port>',
      'its port (default: 1883; TLS 8883, WebSocket 8083, both 8084)',
      wholeNumber(0, PORT_MAX),
    )
    .option('-L, --url <url>', 'mqtt(s):// or ws(s)://[user[:password]@]host[:port]/topic', someText)
    .option('-S, --srv', 'look up in DNS where the brokers of the domain of -h are')
    .option('--proxy <url>', 'go through socks5h://[user[:password]@]host[:port]', someText)
    .option('--unix <path>', 'connect to a Unix domain socket', someText)
    .option('--ws', 'use WebSocket')
    .option('--ws-path <path>', 'path of the WebSocket (default: /mqtt)', someText)
    .option('-A, --bind <address>', 'address of this machine to connect from', someText)
    .option('-u, --username <name>', 'user name')
    .option('-P, --pw <password>', 'password')
    .option('-V, --protocol-version <version>', '5, 311 or 31 (default: 5, else 311)', protocolVersion)
    .option('-D, --property <packet> <name> <value>', 'property of MQTT 5.0 for connect, publish, subscribe, …')
    .option('-o, --options-file <file>', 'read flags from this file, one to a line')
    .option('--load-options <file>', 'read flags from this file, which --save-options has written', someText)
    .option('--save-options <file>', 'write the flags to this file as well, without secrets', someText)
    .option('--save-secrets', 'write passwords and keys to that file, too')
    .option('-d, --debug', 'tell on standard error what the connection does')
    .option('--quiet', 'say nothing when something fails')
    .addOption(new Option('--nodelay', 'always so').hideHelp())
}

function addSessionFlags(command: Command): void {
  command
    .optionsGroup('Session:')
    .option('-i, --id <id>', 'Client Identifier (default: a random one)', someText)
    .addOption(
      new Option('-I, --id-prefix <prefix>', 'Client Identifier: this and the number of the process')
        .argParser(someText)
        .conflicts('id'),
    )
    .option('-k, --keepalive <seconds>', 'Keep Alive, 0 for none (default: 60)', wholeNumber(0, 65_535))
    .option('-c, --disable-clean-session', 'go on with the Session of this Client Identifier, and keep it')
    .option(
      '-x, --session-expiry-interval <seconds>',
      'how long the Session is kept, -1 for ever (default: 0)',
      sessionExpiry,
    )
    .option('-q, --qos <level>', 'quality of service, 0, 1 or 2', qos, 0)
    .option('-M, --max-inflight <count>', 'messages under way at once', wholeNumber(1, 65_535), 20)
}

function addTlsFlags(command: Command): void {
  command
    .optionsGroup('TLS:')
    .option('--cafile <file>', 'certificates of the authorities to trust', someText)
    .option('--capath <folder>', 'folder of such certificates', someText)
    .option('--cert <file>', 'certificate of this client', someText)
    .option('--key <file>', 'its private key', someText)
    .addOption(new Option('--keyform <form>', 'pem').hideHelp())
    .option('--ciphers <list>', 'ciphers to offer, in the notation of OpenSSL', someText)
    .addOption(new Option('--tls-version <version>', 'the one version to speak').choices(tlsVersions))
    .option('--tls-alpn <protocol>', 'protocol to ask for', someText)
    .option('--tls-use-os-certs', 'trust the authorities that this machine trusts')
    .option('--insecure', 'trust any certificate: for tests only')
    .option('--psk <key>', 'pre-shared key, in hexadecimal', someText)
    .option('--psk-identity <name>', 'whose key it is', someText)
    .option('--tls-keylog <file>', 'add the keys to this file, for whoever looks at the packets', someText)
    .option('--no-tls', 'no TLS, also on port 8883')
    .addOption(new Option('--tls-engine <engine>', 'not supported').hideHelp())
    .addOption(new Option('--tls-engine-kpass-sha1 <hash>', 'not supported').hideHelp())
}

function addWillFlags(command: Command): Command {
  return command
    .optionsGroup('Will:')
    .option('--will-topic <topic>', 'where the broker publishes when this client is lost', topicName)
    .option('--will-payload <text>', 'what it publishes (default: nothing)')
    .option('--will-qos <level>', 'its quality of service (default: 0)', qos)
    .option('--will-retain', 'it is retained')
}

/** The flags that say what to publish, in `pub` and `request`. */
export interface PayloadFlags {
  readonly topic?: string
  readonly message?: string
  readonly file?: string
  readonly stdinLine?: true
  readonly nullMessage?: true
  readonly stdinFile?: true
  readonly format?: PayloadFormat
  readonly protobufPath?: string
  readonly protobufMessageName?: string
  readonly avscPath?: string
}

export const payloadFormats = ['json', 'hex', 'base64', 'cbor', 'msgpack', 'protobuf', 'avro'] as const
export type PayloadFormat = (typeof payloadFormats)[number]

/** Declares them. */
export function addPayloadFlags(command: Command): Command {
  command
    .optionsGroup('Message:')
    .option('-t, --topic <topic>', 'where to publish', topicName)
    .option('-m, --message <text>', 'the message')
    .option('-f, --file <file>', 'the message is in this file', someText)
    .option('-l, --stdin-line', 'each line of standard input is a message')
    .option('-s, --stdin-file', 'all of standard input is the message')
    .option('-n, --null-message', 'the message is empty')
  return addFormatFlags(command, 'the message is text that stands for')
}

/** Declares the payload formats. @param what begins their description */
export function addFormatFlags(command: Command, what: string): Command {
  return command
    .addOption(new Option('--format <format>', `${what} json, hex, base64, cbor, …`).choices(payloadFormats))
    .option('--protobuf-path <file>', 'the .proto file, for --format protobuf', someText)
    .option('--protobuf-message-name <name>', 'the message in it, such as package.Reading', someText)
    .option('--avsc-path <file>', 'the Avro schema, for --format avro', someText)
}

/** The flags that say how to print messages, in `sub` and `request`. */
export interface PrintFlags {
  readonly outputFormat?: string
  readonly verbose?: true
  /** `false` with `-N`. */
  readonly newline: boolean
  readonly pretty?: true
  readonly outputMode: 'default' | 'clean'
  readonly skipRetained?: true
  readonly retainAsPublished?: true
  readonly timeout?: number
  readonly format?: PayloadFormat
  readonly protobufPath?: string
  readonly protobufMessageName?: string
  readonly avscPath?: string
}

/** Declares them, but for the payload formats. */
export function addPrintFlags(command: Command): Command {
  return command
    .optionsGroup('Output:')
    .option('-F, --output-format <format>', 'print each message so: %t topic, %p payload, %j JSON, @H:@M:@S time, …')
    .option('-v, --verbose', 'print the topic before the payload')
    .option('-N, --no-newline', 'nothing behind each message')
    .option('--pretty', 'JSON in several lines, with %j, %J and --format')
    .addOption(
      new Option('--output-mode <mode>', 'clean: plain output on a terminal, too')
        .choices(['default', 'clean'])
        .default('default', 'default'),
    )
    .option('-R, --skip-retained', 'leave out retained messages')
    .option('--retain-as-published', 'the retain flag is as it was published, MQTT 5.0')
    .option('-W, --timeout <seconds>', 'give up after so many seconds, with exit code 27', wholeNumber(1, 4_294_967))
}

/** A flag of topic filters that may be given several times. */
export function filterOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(each(topicFilter))
}
