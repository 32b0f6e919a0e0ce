import { spawn, spawnSync } from 'node:child_process'
import { createBroker } from '@curlew/broker'
import { type Client, connect, type PublishOptions } from '@curlew/client'
import { expect, test } from 'vitest'
import { binary, checkBuilt } from './built.ts'
import { ToolRelay } from './tool-relay.ts'

checkBuilt()

/** A message that somebody else publishes. */
export type Published = readonly [topic: string, payload: string | Uint8Array, options?: PublishOptions]

/** A tool that takes longer hangs, and is ended. */
const RUN_MS_MAX = 25_000

/** What two tools are run with; both must do the same. */
export interface ToolCase {
  readonly args: readonly string[]
  /** Standard input. Default: empty. */
  readonly input?: string | Buffer
  /** Retained messages that the broker has before. */
  readonly retained?: readonly Published[]
  /** Published when the tool has subscribed. */
  readonly live?: readonly Published[]
  /** Arguments of an earlier run, and what is published between the two. */
  readonly before?: { readonly args: readonly string[]; readonly live: readonly Published[] }
  /** Whether the arguments are wrong, so that only the exit code is compared: ours do not print the help at that. */
  readonly isFault?: boolean
  /** Whether digits in what is printed are of the clock, and are not compared. */
  readonly isTimed?: boolean
  /** Whether the retained messages that are left are compared. */
  readonly comparesRetained?: boolean
  readonly environment?: Readonly<Record<string, string>>
  /** Only these versions; default: both. */
  readonly versions?: readonly ('311' | '5' | '31')[]
}

/** What a tool did. */
interface Doings {
  readonly ending: number | NodeJS.Signals | null
  readonly stdout: string
  readonly packets: readonly string[]
  readonly retained: readonly string[]
}

type Command = readonly [program: string, ...args: string[]]

const mosquitto = { pub: 'mosquitto_pub', sub: 'mosquitto_sub', request: 'mosquitto_rr' } as const
export type ToolName = keyof typeof mosquitto

/** Declares a test for each case and version: Mosquitto's tool and ours do the same on a broker of their own each. */
export function compareTools(tool: ToolName, cases: readonly ToolCase[]): void {
  if (spawnSync(mosquitto[tool], ['--help']).error !== undefined) {
    test.skip(
      `${mosquitto[tool]} is not installed, so curlew ${tool} is NOT COMPARED with it: apt-get install mosquitto-clients`,
    )
    return
  }
  for (const toolCase of cases) {
    for (const version of toolCase.versions ?? ['311', '5']) {
      // Theirs counts the time of -W from before CONNECT, ours from the CONNACK: on a machine that stands still they differ.
      const retry = toolCase.args.includes('-W') ? 2 : 0
      test.concurrent(`${tool} -V ${version} ${toolCase.args.map(shown).join(' ')}`, { retry }, async () => {
        const run = (command: Command) => doings(command, toolCase, version)
        const [ours, theirs] = await Promise.all([run([process.execPath, binary, tool]), run([mosquitto[tool]])])

        expect(ours).toEqual(theirs)
      })
    }
  }
}

function shown(word: string): string {
  return /^[\w%+=:,./#-]+$/.test(word) ? word : JSON.stringify(word)
}

async function doings(command: Command, toolCase: ToolCase, version: string): Promise<Doings> {
  const broker = createBroker()
  const { url, port } = await broker.listen({ protocol: 'mqtt', port: 0 })
  const others = await connect(url)
  const relay = new ToolRelay(port)
  const toolPort = await relay.listen()
  try {
    await answerRequests(others)
    await publishAll(others, toolCase.retained ?? [], true)
    const run = (one: ToolCase) => runTool(command, one, version, { toolPort, relay, others })
    if (toolCase.before) {
      await run({ args: toolCase.before.args })
      await publishAll(others, toolCase.before.live, false)
    }
    const { ending, stdout } = await run(toolCase)
    if (toolCase.isFault) return { ending, stdout: '', packets: relay.packets, retained: [] }
    const text = toolCase.isTimed ? stdout.replace(/\d/g, '0') : stdout
    const retained = toolCase.comparesRetained ? await retainedIn(others) : []
    return { ending, stdout: text, packets: relay.packets, retained }
  } finally {
    await others.close()
    relay.close()
    await broker.close()
  }
}

/** What a run takes place in. */
interface Place {
  readonly toolPort: number
  readonly relay: ToolRelay
  readonly others: Client
}

async function runTool(
  [program, ...first]: Command,
  { args, input = '', live = [], environment }: ToolCase,
  version: string,
  { toolPort, relay, others }: Place,
): Promise<{ ending: Doings['ending']; stdout: string }> {
  const words = [
    ...first,
    '-h',
    '127.0.0.1',
    '-p',
    `${toolPort}`,
    '-V',
    version,
    ...args.map(word => word.replace('PORT', `${toolPort}`)),
  ]
  const { PATH } = process.env
  // No file of flags that the one who runs the test may have.
  const env = { PATH, XDG_CONFIG_HOME: '/nowhere', TZ: 'UTC', ...environment }
  const child = spawn(program, words, { env, timeout: RUN_MS_MAX, killSignal: 'SIGKILL' })
  let published: Promise<void> | undefined
  relay.onGranted = () => {
    published = publishAll(others, live, false)
  }
  child.stdin.on('error', () => {}) // a tool need not read it
  child.stdin.end(input)
  const chunks: Buffer[] = []
  child.stdout.on('data', chunk => chunks.push(chunk))
  child.stderr.resume()
  const ending = await new Promise<Doings['ending']>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, name) => resolve(code ?? name))
  })
  await published
  return { ending, stdout: Buffer.concat(chunks).toString('latin1') }
}

async function publishAll(others: Client, messages: readonly Published[], retain: boolean): Promise<void> {
  for (const [topic, payload, options] of messages) await others.publish(topic, payload, { qos: 1, retain, ...options })
}

/** Somebody who answers requests with their own payload. */
async function answerRequests(others: Client): Promise<void> {
  await others.subscribe('req/#', async message => {
    const { responseTopic = 'resp', correlationData } = message.properties
    const properties = { ...(correlationData && { correlationData }), contentType: 'text/plain' }
    await others.publish(responseTopic, Buffer.concat([Buffer.from('got '), message.payload]), { qos: 2, properties })
  })
}

async function retainedIn(others: Client): Promise<string[]> {
  const found: string[] = []
  await others.publish('~last', 'x', { qos: 1, retain: true })
  for await (const message of await others.subscribe('#')) {
    if (!message.retain) continue
    if (message.topic === '~last') break
    found.push(`${message.topic} ${message.text()}`)
  }
  return found.sort()
}
