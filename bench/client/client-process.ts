import { type LibraryName, open } from './libraries.ts'
import { scenarios } from './scenarios.ts'

/**
 * Of the messages, the part that is sent before the measurement. The host compiles in threads of its own, for about as long as a short
 * measurement takes, and their CPU time counts: a program that runs for days pays it once.
 */
const WARM_UP = 1

/** One measurement, in a process of its own: prints what it took as JSON. */
const [url, library, name, messageCount, payloadBytes] = process.argv.slice(2)
const scenario = scenarios.find(each => each.name === name)!
const messages = Math.ceil((Number(messageCount) * scenario.part) / 1_000) * 1_000
const payload = new Uint8Array(Number(payloadBytes)).fill(0x61)

const client = await open(library as LibraryName, url!)
await scenario.run(client, Math.ceil((messages * WARM_UP) / 1_000) * 1_000, payload)
const startCpu = process.cpuUsage()
const startMs = performance.now()
await scenario.run(client, messages, payload)
const seconds = (performance.now() - startMs) / 1_000
const { user, system } = process.cpuUsage(startCpu)
process.stdout.write(`${JSON.stringify({ messages, seconds, cpuSeconds: (user + system) / 1e6 })}\n`)
await client.close()
process.exit()
