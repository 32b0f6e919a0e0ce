import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Connect, Packet } from '@curlew/codec'
import { onTestFinished } from 'vitest'
import { EventWait } from '../../../../packages/broker/test/support/event-wait.ts'
import { connectPacket, publishPacket } from '../../../../packages/broker/test/support/packets.ts'
import { RawClient } from '../../../../packages/broker/test/support/raw-client.ts'
import { TcpWire } from '../../../../packages/broker/test/support/tcp-wire.ts'
import { binary } from '../../../../packages/cli/test/built.ts'

export interface FaultyOptions {
  /** The command that runs the broker, which follows it and must be what it executes in the end, under the same process id. */
  readonly through?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Further flags of `curlew start`. */
  readonly args?: readonly string[]
  /** The user to run as; only root can choose. */
  readonly userId?: number
}

/** So long, in milliseconds, a broker may print nothing while a test waits for what it prints: a disk may fill meanwhile. */
const PATIENCE_MS = 60_000

export type Client = RawClient<TcpWire>

/** The real broker in a world that is not well, with its data in a folder of the test. It ends with its test at the latest. */
export class FaultyCurlew {
  /** Standard output and standard error as they came. */
  output = ''
  /** How it ended: its exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  readonly #child: ChildProcess
  readonly #events = new EventWait(PATIENCE_MS)
  #hasEnded = false

  constructor(folder: string, options: FaultyOptions = {}) {
    const { through = [], environment, args = [], userId } = options
    const flags = ['--port', '0', '--no-ws', '--data', folder, '--log-format', 'json', ...args]
    const [program, ...words] = [...through, process.execPath, binary, 'start', ...flags]
    const { PATH, HOME } = process.env
    const env = { PATH, HOME, ...environment }
    const identity = userId === undefined ? {} : { uid: userId, gid: userId }
    this.#child = spawn(program!, words, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'], ...identity })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', text => {
        this.output += text
        this.#events.tell()
      })
    }
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      this.#hasEnded = true
      this.#events.tell()
      return code ?? signal
    })
    onTestFinished(() => this.kill())
  }

  /** Resolves when it listens. */
  static async start(folder: string, options?: FaultyOptions): Promise<FaultyCurlew> {
    const curlew = new FaultyCurlew(folder, options)
    await curlew.port()
    return curlew
  }

  get pid(): number {
    return this.#child.pid!
  }

  async port(): Promise<number> {
    const [, port] = await this.printed(/mqtt:\/\/\S+?:(\d+)/)
    return Number(port)
  }

  /** The first match in what is printed. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output)
      if (match !== null) return match
      if (this.#hasEnded || !(await this.#events.next())) throw new Error(`no ${pattern} in:\n${this.output}`)
    }
  }

  /** Connects and takes the CONNACK, which must accept. @returns the client and whether there was a Session */
  async connect(fields: Partial<Connect>): Promise<{ client: Client; isPresent: boolean }> {
    const client = await this.dial(fields)
    const connack = await client.next()
    if (!connack.startsWith('CONNACK 00')) throw new Error(`refused: ${connack}`)
    return { client, isPresent: connack.endsWith('session-present') }
  }

  /** Sends CONNECT. */
  async dial(fields: Partial<Connect>): Promise<Client> {
    const packet = connectPacket(fields)
    const client = new RawClient(new TcpWire(await this.port()), packet.protocolVersion)
    onTestFinished(() => client.drop())
    client.send(packet)
    return client
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  /** Ends it as an operator does. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.ended
  }
}

/** A QoS 1 PUBLISH whose payload begins with its number. */
export function numbered(topic: string, number: number, payloadBytes = 16): Packet {
  const packetId = (number % 65_535) + 1
  return publishPacket(topic, `${number};`.padEnd(payloadBytes, 'x'), { qos: 1, packetId })
}

/** The number in the payload of a message of {@link numbered}. */
export function numberIn(payload: Uint8Array): number {
  return Number.parseInt(Buffer.from(payload.subarray(0, 12)).toString(), 10)
}
