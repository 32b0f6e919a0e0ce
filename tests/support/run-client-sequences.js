// Runs the client sequences that lie beside this repository against our Client, the built one:
//
//     node tests/support/run-client-sequences.js <folder of the sequences> [arguments of the runner]

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const [folder, ...rest] = process.argv.slice(2)
if (folder === undefined) throw new RangeError('give the folder of the sequences')
const script = join(folder, 'client/clientseq.py')
if (existsSync(script)) {
  const adapter = join(import.meta.dirname, 'client-sequences-adapter.js')
  const runner = spawn('python3', [script, `${process.execPath} ${adapter}`, ...rest], { stdio: 'inherit' })
  const [exitCode] = await once(runner, 'exit')
  process.exitCode = exitCode ?? 1
} else console.log(`SKIPPED: there are no sequences in ${folder}`)
