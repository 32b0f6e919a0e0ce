// Runs the byte sequences that lie beside this repository against a broker of its own:
//
//     node tests/support/run-sequences.js <folder of the sequences>
//
// The broker is the built one, on a port that the system chooses. It announces the Receive Maximum and the
// Topic Alias Maximum that the sequences expect. Each sequence must be answered to the letter, but for the
// difference below; the last line is the totals.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBroker } from '@curlew/broker'

const receiveMaximum = 20
const topicAliasMaximum = 10

/** What the runner says where other suites expect another answer than the sequence has: an unknown protocol level (ADR 0012). */
const decidedOtherwise = 'closed without CONNACK'
/** How many sequences that concerns, so that one more is noticed. */
const decidedOtherwiseCount = 4

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new RangeError('give the folder of the sequences')

const results = await run(folder)
const exact = results.filter(({ status }) => status === 'pass')
const allowed = results.filter(({ status, why }) => status === 'soft' && why === decidedOtherwise)
const wrong = results.filter(result => !exact.includes(result) && !allowed.includes(result))
for (const { status, ver, name, why } of wrong) console.log(`${status.toUpperCase()} [v${ver}] ${name}: ${why}`)
console.log(
  `${exact.length} sequences exact, ${allowed.length} decided otherwise (ADR 0012), ${wrong.length} wrong, of ${results.length}`,
)
const isGood = results.length > 0 && wrong.length === 0 && allowed.length <= decidedOtherwiseCount
process.exitCode = isGood ? 0 : 1

/** @returns what the runner says of each sequence: `status` is `pass`, `soft` or `fail`, and `why` tells the difference */
async function run(sequences) {
  const broker = createBroker({ limits: { receiveMaximum, topicAliasMaximum } })
  const { port } = await broker.listen({ protocol: 'mqtt', host: '127.0.0.1', port: 0 })
  const output = await mkdtemp(join(tmpdir(), 'sequences-'))
  try {
    const resultsPath = join(output, 'results.json')
    const args = [join(sequences, 'broker/msgseq.py'), '127.0.0.1', String(port), '--json', resultsPath]
    await once(spawn('python3', args, { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit')
    return JSON.parse(await readFile(resultsPath, 'utf8'))
  } finally {
    await broker.close()
    await rm(output, { recursive: true })
  }
}
