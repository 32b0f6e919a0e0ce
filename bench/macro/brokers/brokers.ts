import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Transport } from '../scenarios.ts'
import { type BrokerName, type Program, programOf } from './broker-names.ts'
import { writeCertificate } from './certificate.ts'
import { pinned } from './cores.ts'
import type { InspectionAnswer, InspectionRequest } from './inspection.ts'

export interface BrokerOptions {
  /** For its files, and what it stores; stays when the broker ends. */
  readonly folder: string
  /** Core to run on; `undefined`: any. */
  readonly core: number | undefined
  /** Where a broker that runs on Node leaves its CPU profile; `undefined`: no profile. */
  readonly profile: { readonly folder: string; readonly file: string } | undefined
  readonly transport: Transport
}

/** A broker under test, in a process of its own. */
export interface Broker {
  readonly port: number
  readonly pid: number
  /** Ends it, politely first, because a profile is written when the process ends. */
  stop(): Promise<void>
  /** Ends it at once; `exited` says when. */
  kill(): void
  /** Asks a broker that runs on Node what only itself knows. */
  readonly inspect: ((request: InspectionRequest) => Promise<InspectionAnswer>) | undefined
  /** Resolves when it has ended. */
  readonly exited: Promise<void>
}

/** A broker must answer within this time after its start, and have read by then what it had stored. */
const START_MS = 60_000
/** A broker that has not ended by itself in this time is killed. */
const STOP_MS = 30_000
/** An answer takes the collection of a heap, after what is in the way has been done. */
const INSPECTION_MS = 30_000
/** How often it is tried whether a broker listens, in milliseconds. */
const PROBE_MS = 5

/**
 * Mosquitto with nothing that costs it speed or limits the load: no log, no `$SYS`, no Nagle, and no bound on
 * what a client may have under way, because the windows of the generator are larger than its default of 20.
 */
const mosquittoConfiguration: readonly string[] = [
  'allow_anonymous true',
  'log_type error',
  'log_dest stderr',
  'connection_messages false',
  'sys_interval 0',
  'set_tcp_nodelay true',
  'max_inflight_messages 0',
  'max_queued_messages 0',
]

function mosquittoPersistence(name: BrokerName, folder: string): string[] {
  if (name === 'mosquitto') return ['persistence false']
  // Otherwise it would give up the rights of root, and with them those on the folder.
  const persistence = ['persistence true', `persistence_location ${folder}/`, `user ${userInfo().username}`]
  return name === 'mosquitto-strict' ? [...persistence, 'autosave_on_changes true', 'autosave_interval 1'] : persistence
}

function mosquittoTransport(transport: Transport, folder: string): string[] {
  if (transport === 'ws') return ['protocol websockets']
  if (transport === 'tcp') return []
  const { keyPath, certificatePath } = writeCertificate(folder)
  // As for persistence: it must be able to read its key.
  return [`certfile ${certificatePath}`, `keyfile ${keyPath}`, `user ${userInfo().username}`]
}

export async function startBroker(name: BrokerName, options: BrokerOptions): Promise<Broker> {
  const isMosquitto = programOf(name) === 'mosquitto'
  const { child, listening } = isMosquitto ? await spawnMosquitto(name, options) : spawnNodeBroker(name, options)
  try {
    return brokerOf(child, await listening)
  } catch (error) {
    child.kill('SIGKILL')
    throw new Error(`${name} did not start`, { cause: error })
  }
}

/** @returns the version, or `undefined` when the program is not installed */
export function programVersion(program: Program): string | undefined {
  if (program === 'mosquitto') return /version (\S+)/.exec(spawnSync('mosquitto', ['-h']).stdout?.toString() ?? '')?.[1]
  const folder = program === 'curlew' ? '../../../../packages/broker/' : '../../../../tests/peers/node_modules/aedes/'
  try {
    const manifest = readFileSync(new URL(`${folder}package.json`, import.meta.url), 'utf8')
    return (JSON.parse(manifest) as { version: string }).version
  } catch {
    return undefined
  }
}

/** A broker on its way: `listening` resolves with its port. */
interface Starting {
  readonly child: ChildProcess
  readonly listening: Promise<number>
}

async function spawnMosquitto(name: BrokerName, { core, folder, transport }: BrokerOptions): Promise<Starting> {
  const port = await freePort()
  const file = join(folder, 'mosquitto.conf')
  const listener = [`listener ${port} 127.0.0.1`, ...mosquittoTransport(transport, folder)]
  const lines = [...listener, ...mosquittoConfiguration, ...mosquittoPersistence(name, folder), '']
  writeFileSync(file, lines.join('\n'))
  const [command, args] = pinned(core, 'mosquitto', ['-c', file])
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  return { child, listening: untilListening(child, port) }
}

/** Our broker and aedes: a small program that listens and prints its port, and ends when its standard input does. */
function spawnNodeBroker(name: BrokerName, { core, profile, folder, transport }: BrokerOptions): Starting {
  const profiling = profile && ['--cpu-prof', `--cpu-prof-dir=${profile.folder}`, `--cpu-prof-name=${profile.file}`]
  const program = join(import.meta.dirname, `launch-${programOf(name)}.js`)
  const durability = name.split('-')[1]
  const storing = durability === undefined ? [] : [durability, join(folder, 'store')]
  if (transport === 'tls') writeCertificate(folder)
  const started = [...(profiling ?? []), '--expose-gc', program, transport, folder, ...storing]
  const [command, args] = pinned(core, process.execPath, started)
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit', 'ipc'] })
  return { child, listening: printedPort(child) }
}

async function printedPort(child: ChildProcess): Promise<number> {
  const signal = AbortSignal.timeout(START_MS)
  const [line] = await Promise.race([once(child.stdout!, 'data', { signal }), once(child, 'exit', { signal })])
  const port = Number(line)
  if (!Buffer.isBuffer(line) || !(port > 0)) throw new Error('it ended before it printed its port')
  return port
}

function brokerOf(child: ChildProcess, port: number): Broker {
  const { pid } = child
  if (pid === undefined) throw new Error('the broker has no process')
  const exited = new Promise<void>(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })
  return {
    port,
    pid,
    exited,
    inspect: child.connected ? request => inspect(child, request) : undefined,
    kill: () => child.kill('SIGKILL'),
    stop: async () => {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await exited
      clearTimeout(timer)
    },
  }
}

async function inspect(child: ChildProcess, request: InspectionRequest): Promise<InspectionAnswer> {
  child.send(request)
  const [answer] = (await once(child, 'message', { signal: AbortSignal.timeout(INSPECTION_MS) })) as [InspectionAnswer]
  return answer
}

/** A port that nobody has. Between here and its use someone could take it; then the broker does not start, and says so. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function untilListening(child: ChildProcess, port: number): Promise<number> {
  const deadlineMs = performance.now() + START_MS
  while (!(await isListening(port))) {
    if (child.exitCode !== null || performance.now() > deadlineMs) throw new Error(`nothing listens on port ${port}`)
    await delay(PROBE_MS)
  }
  return port
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
