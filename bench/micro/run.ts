/**
 * `npm run bench:micro`: what decoding and encoding one packet costs, beside mqtt-packet, in one run.
 *
 *     node bench/dist/micro/run.js [--json] [--only TEXT]
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { decodeComparisons } from './decode.ts'
import { encodeComparisons } from './encode.ts'
import { hasWorked, measure, type Result } from './measure.ts'
import { loadMqttPacket } from './mqtt-packet.ts'

const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
})

const { mqttPacket, version } = loadMqttPacket()
const comparisons = [...decodeComparisons(mqttPacket), ...encodeComparisons(mqttPacket)].filter(({ name }) =>
  name.includes(options.only),
)
const results = measure(comparisons)
if (!hasWorked()) throw new Error('nothing was measured')

const machine = { processor: cpus()[0]?.model ?? 'unknown', node: process.version, peer: `mqtt-packet ${version}` }
if (options.json) console.log(JSON.stringify({ machine, results }, undefined, 2))
else printTable(results)

function printTable(rows: readonly Result[]): void {
  console.log(`${machine.processor}, Node ${machine.node}, nanoseconds per packet, medians\n`)
  const cells = [
    ['', 'MQTT', 'curlew', machine.peer, 'ratio'],
    ...rows.map(row => [
      row.name,
      row.version === 5 ? '5.0' : '3.1.1',
      row.curlewNs.toFixed(0),
      row.peerNs.toFixed(0),
      `${row.ratio.toFixed(1)}×`,
    ]),
  ]
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map(row => row[column]!.length)))
  for (const row of cells) {
    console.log(
      row.map((cell, column) => (column < 2 ? cell.padEnd : cell.padStart).call(cell, widths[column]!)).join('  '),
    )
  }
}
