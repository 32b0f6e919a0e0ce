import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findCores, pinned } from '../macro/brokers/cores.ts'
import { ConnectingLoad } from '../macro/load/connecting-load.ts'
import type { Target } from '../macro/load/load.ts'
import { slowDevices } from '../macro/scenarios.ts'
import { median } from '../macro/statistics.ts'
import type { Inspection, Part } from './connection-server.ts'

/**
 * `taskset -c 1 node bench/dist/micro/connection-cost.js`: what a connection costs Curlew, and a bare server of Node, which is the floor: CPU
 * time of a connect and of a PINGREQ, bytes of an idle connection, and of which objects it consists. Both are measured in turn, as what a machine
 * that mostly sleeps counts as CPU time changes from minute to minute. It takes about two minutes, and needs 20 000 open files.
 */
const ROUNDS = 5
const STORM_COUNT = 5_000
const IDLE_FIRST_COUNT = 1_000
const IDLE_COUNT = 8_000
/** Garbage has been collected, and what is done once after many connects is over. */
const SETTLE_MS = 7_000
const HOLD_ROUNDS = 3
const HOLD_MS = 10_000
const KEEP_ALIVE_SECONDS = 60

interface Server {
  readonly name: string
  readonly process: ChildProcess
  readonly target: Target
  readonly connectUs: number[]
}

const serverFile = fileURLToPath(new URL('connection-server.js', import.meta.url))
const core = findCores().broker

async function start(name: string): Promise<Server> {
  const [command, args] = pinned(core, process.execPath, ['--expose-gc', serverFile, name])
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [port] = (await once(child, 'message')) as [number]
  return { name, process: child, target: { scenario: slowDevices, port, brokerPid: child.pid! }, connectUs: [] }
}

async function ask<Answer>(server: Server, what: Inspection): Promise<Answer> {
  server.process.send(what)
  const [answer] = (await once(server.process, 'message')) as [Answer]
  return answer
}

function fail(error: Error): never {
  throw error
}

/** Connects in a storm, and leaves. */
async function storm({ target, connectUs }: Server): Promise<void> {
  const load = new ConnectingLoad(fail)
  const round = await load.connect(target, STORM_COUNT, 0)
  connectUs.push(round.brokerUsPerMessage)
  await load.disconnect()
}

/** A server with connections that do nothing, and what it had before most of them came. */
interface Idle {
  readonly server: Server
  readonly load: ConnectingLoad
  readonly first: NodeJS.Dict<number>
  readonly pingUs: number[]
}

async function connectIdle(server: Server): Promise<Idle> {
  const load = new ConnectingLoad(fail)
  await load.connect(server.target, IDLE_FIRST_COUNT, KEEP_ALIVE_SECONDS)
  await delay(SETTLE_MS)
  const first = await ask<NodeJS.Dict<number>>(server, 'memory')
  await load.connect(server.target, IDLE_COUNT, KEEP_ALIVE_SECONDS)
  await delay(SETTLE_MS)
  return { server, load, first, pingUs: [] }
}

async function hold({ server, load, pingUs }: Idle): Promise<void> {
  const round = await load.hold(server.target, HOLD_MS)
  pingUs.push(round.brokerUsPerMessage)
}

async function report({ server, first, pingUs }: Idle): Promise<void> {
  const last = await ask<NodeJS.Dict<number>>(server, 'memory')
  const each = (field: string): string => ((last[field]! - first[field]!) / IDLE_COUNT).toFixed(0)
  console.log(
    `\n${server.name}: ${each('heapBytes')} B of heap and ${each('residentBytes')} B resident per idle connection;`,
  )
  console.log(`${median(pingUs).toFixed(0)} µs per PINGREQ\n`)
  printParts(await ask<Part[]>(server, 'parts'), IDLE_FIRST_COUNT + IDLE_COUNT)
}

/** What there is at least once for each connection. */
function printParts(parts: readonly Part[], connections: number): void {
  const perConnection = parts.filter(({ count }) => count >= connections).sort((a, b) => b.bytes - a.bytes)
  for (const { name, count, bytes } of perConnection) {
    const cells = [(bytes / connections).toFixed(0).padStart(6), (count / connections).toFixed(1).padStart(5)]
    console.log(`${cells.join(' B ')}  ${name}`)
  }
}

const servers = [await start('curlew'), await start('bare')]
for (const server of servers) await storm(server) // warm-up
for (const server of servers) server.connectUs.length = 0
for (let round = 0; round < ROUNDS; round++) for (const server of servers) await storm(server)
for (const { name, connectUs } of servers) console.log(`${name}: ${median(connectUs).toFixed(0)} µs per connect`)
for (const { process: child } of servers) child.kill()

const idles: Idle[] = []
for (const name of ['curlew', 'bare']) idles.push(await connectIdle(await start(name)))
for (let round = 0; round < HOLD_ROUNDS; round++) for (const idle of idles) await hold(idle)
for (const idle of idles) await report(idle)
for (const { server, load } of idles) {
  await load.disconnect()
  server.process.kill()
}
