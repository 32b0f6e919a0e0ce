import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import type { ClientVersion } from './client.ts'

export const brokerNames = ['curlew', 'mosquitto', 'mosquitto-strict', 'aedes', 'aedes-level'] as const
export type BrokerName = (typeof brokerNames)[number]

/** How one kind of broker is run. */
export interface BrokerKind {
  readonly name: BrokerName
  /** For the table. */
  readonly title: string
  readonly versions: readonly ClientVersion[]
  /** Of the program, or `undefined` when it is not there. */
  version(): string | undefined
  command(folder: string, port: number): Command
}

interface Command {
  readonly program: string
  readonly args: readonly string[]
  /** In standard output or standard error as soon as clients may come; its first group is the port, if it has one. */
  readonly ready: RegExp
}

/** The folder of the repository, from the sources as from what is compiled. */
export const root: string = rootAbove(import.meta.dirname)

const peers = join(root, 'tests/peers/node_modules')

/** Debian keeps daemons where the PATH of an ordinary user does not look. */
const path = [process.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin'].join(delimiter)

/** With more output than this the beginning is forgotten. */
const OUTPUT_CHARACTERS_MAX = 20_000

/**
 * Queues long enough that nothing is dropped for a subscriber that is away for several rounds: the run is about crashes, not about
 * what is dropped where queues are full.
 */
const curlewConfiguration = `limits:
  queuedMessagesMax: 1000000
  queuedBytesMax: 1073741824
  sessionsMax: 1000000
`

const mosquittoConfiguration = ['allow_anonymous true', 'user root', 'max_queued_messages 0', 'persistence true']

function mosquittoWith(name: BrokerName, title: string, lines: readonly string[]): BrokerKind {
  return {
    name,
    title,
    versions: [4, 5],
    version: () => /version (\S+)/.exec(output('mosquitto', ['-h']))?.[1],
    command: (folder, port) => {
      const file = join(folder, 'mosquitto.conf')
      const own = [`listener ${port} 127.0.0.1`, `persistence_location ${folder}/`, 'log_dest stderr']
      writeFileSync(file, [...own, ...mosquittoConfiguration, ...lines, ''].join('\n'))
      return { program: 'mosquitto', args: ['-c', file], ready: /mosquitto version \S+ running/ }
    },
  }
}

function aedesWith(name: BrokerName, title: string, persistence: 'memory' | 'level'): BrokerKind {
  const packageName = persistence === 'level' ? 'aedes-persistence-level' : 'aedes'
  return {
    name,
    title,
    // It knows 3.1 and 3.1.1 only.
    versions: [4],
    version: () => versionIn(join(peers, 'aedes')) && versionIn(join(peers, packageName)),
    command: folder => ({
      program: process.execPath,
      args: [join(root, 'tests/fault/crash/dist/launch-aedes.js'), persistence, join(folder, 'level')],
      ready: /listening on (\d+)/,
    }),
  }
}

export const brokerKinds: Readonly<Record<BrokerName, BrokerKind>> = {
  curlew: {
    name: 'curlew',
    title: 'Curlew',
    versions: [4, 5],
    version: () => versionIn(join(root, 'packages/broker')),
    command: folder => {
      const file = join(folder, 'curlew.yaml')
      writeFileSync(file, curlewConfiguration)
      const flags = ['--port', '0', '--no-ws', '--data', join(folder, 'data'), '--config', file, '--log-format', 'json']
      const args = [join(root, 'packages/cli/bin/curlew.js'), 'start', ...flags]
      return { program: process.execPath, args, ready: /mqtt:\/\/\S+?:(\d+)/ }
    },
  },
  mosquitto: mosquittoWith('mosquitto', 'Mosquitto, persistence on', []),
  'mosquitto-strict': mosquittoWith('mosquitto-strict', 'Mosquitto, strictest', [
    'autosave_on_changes true',
    'autosave_interval 1',
  ]),
  aedes: aedesWith('aedes', 'aedes, in memory', 'memory'),
  'aedes-level': aedesWith('aedes-level', 'aedes, aedes-persistence-level', 'level'),
}

const running = new Set<ChildProcess>()

/** For the end of the harness, however it comes: no broker stays behind. */
export function killBrokers(): void {
  for (const child of running) child.kill('SIGKILL')
}

/** A broker in a process of its own, on its way or running. */
export class BrokerProcess {
  /** Resolves when clients may come, with the port; rejects with what it said when it ended before that. */
  readonly listening: Promise<number>
  readonly ended: Promise<void>
  readonly #child: ChildProcess
  #output = ''

  constructor(kind: BrokerKind, folder: string, port: number) {
    mkdirSync(folder, { recursive: true })
    const { program, args, ready } = kind.command(folder, port)
    this.#child = spawn(program, args, {
      cwd: folder,
      env: { HOME: process.env['HOME'], PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.add(this.#child)
    this.ended = once(this.#child, 'close').then(() => void running.delete(this.#child))
    this.listening = this.#untilReady(kind.name, ready, port)
    // Whoever kills it before it is ready does not ask for the port.
    this.listening.catch(() => undefined)
  }

  /** What it has printed, its end at least. */
  get output(): string {
    return this.#output
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async #untilReady(name: string, ready: RegExp, port: number): Promise<number> {
    const { stdout, stderr } = this.#child
    return new Promise((resolve, reject) => {
      const read = (text: string): void => {
        this.#output = (this.#output + text).slice(-OUTPUT_CHARACTERS_MAX)
        const match = ready.exec(this.#output)
        if (match !== null) resolve(match[1] === undefined ? port : Number(match[1]))
      }
      for (const stream of [stdout!, stderr!]) stream.setEncoding('utf8').on('data', read)
      this.#child.once('error', reject)
      this.#child.once('close', () => reject(new Error(`${name} ended before it listened:\n${this.#output}`)))
    })
  }
}

function rootAbove(folder: string): string {
  return existsSync(join(folder, 'packages/cli/bin/curlew.js')) ? folder : rootAbove(dirname(folder))
}

function output(program: string, args: readonly string[]): string {
  return spawnSync(program, args, { env: { PATH: path } }).stdout?.toString() ?? ''
}

function versionIn(folder: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
  } catch {
    return undefined
  }
}
