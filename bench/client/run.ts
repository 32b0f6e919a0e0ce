// `npm run bench:client`: our client, MQTT.js and the floor of both, one after the other in each round, against one broker process.
//
//     npm run bench:client -- --rounds 5 --messages 400000 --only receive --json client.json

import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { Child } from './child.ts'
import { hasMqttJs, type LibraryName } from './libraries.ts'
import { type Options, optionsOf } from './options.ts'
import { type Measurement, type Result, reportOf } from './report.ts'
import { type Scenario, scenarios } from './scenarios.ts'

const libraries: readonly LibraryName[] = hasMqttJs ? ['curlew', 'mqttjs', 'bare'] : ['curlew', 'bare']

/** One measurement of one library; the client has its process to itself. */
async function measured(url: string, library: LibraryName, scenario: Scenario, options: Options): Promise<Measurement> {
  const { messages, payloadBytes } = options
  const client = new Child('client-process', [url, library, scenario.name, messages, payloadBytes])
  try {
    return JSON.parse(await client.line()) as Measurement
  } finally {
    await client.end()
  }
}

async function resultOf(url: string, scenario: Scenario, options: Options): Promise<Result> {
  const partner =
    scenario.partner === 'none'
      ? undefined
      : new Child('partner-process', [url, scenario.partner, options.payloadBytes])
  const measurements: Record<LibraryName, Measurement[]> = { curlew: [], mqttjs: [], bare: [] }
  try {
    await partner?.line()
    for (let round = 0; round < options.rounds; round++) {
      for (const library of libraries) measurements[library].push(await measured(url, library, scenario, options))
    }
  } finally {
    await partner?.end()
  }
  return { scenario: scenario.name, measurements }
}

const options = optionsOf(process.argv.slice(2))
if (!hasMqttJs)
  console.log('MQTT.js is not installed (npm ci --prefix tests/peers), so there is nothing to compare with')
const broker = new Child('broker-process', [])
const url = await broker.line()
const results: Result[] = []
for (const scenario of scenarios.filter(({ name }) => name.includes(options.only))) {
  console.error(`${scenario.name} …`)
  results.push(await resultOf(url, scenario, options))
}
await broker.end()
console.log(`\n${options.payloadBytes} bytes, medians of ${options.rounds} rounds, in thousands of messages\n`)
console.log(reportOf(results))
const machine = { node: process.version, cpu: cpus()[0]?.model, cpus: cpus().length }
if (options.json) writeFileSync(options.json, `${JSON.stringify({ machine, options, results }, undefined, 2)}\n`)
