// Runs the byte sequences that lie beside this repository against a broker of its own:
//
//     node tests/support/run-sequences.js <folder of the sequences>
//
// The broker is the built one, on a port that the system chooses. It announces the Receive Maximum and the
// Topic Alias Maximum that the sequences expect.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createBroker } from '@curlew/broker'

const receiveMaximum = 20
const topicAliasMaximum = 10

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new RangeError('give the folder of the sequences')

const broker = createBroker({ limits: { receiveMaximum, topicAliasMaximum } })
const { port } = await broker.listen({ protocol: 'mqtt', host: '127.0.0.1', port: 0 })
const runner = spawn('python3', [join(folder, 'broker/msgseq.py'), '127.0.0.1', String(port)], { stdio: 'inherit' })
const [exitCode] = await once(runner, 'exit')
await broker.close()
process.exitCode = exitCode ?? 1
