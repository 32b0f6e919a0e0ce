// Clients and brokers of others from npm. They live in a package of their own, tests/peers, so that `npm ci` stays small for
// those who only use Curlew.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { run } from './command.js'

const folder = 'tests/peers'
const lockPath = `${folder}/package-lock.json`

/** Holds the hash of the lock file that was installed: times of change do not survive a checkout. */
const stampPath = `${folder}/node_modules/.installed-lock`

/** Installs the peers unless these very ones are there. Returns what is missing afterwards: nothing, or the folder's name. */
export function providePeerPackages() {
  if (!existsSync(lockPath)) {
    console.log(`${lockPath} does not exist: there are no peers to install`)
    return []
  }
  const lock = createHash('sha256').update(readFileSync(lockPath)).digest('hex')
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === lock) {
    console.log(`present: ${folder}, as its lock file has it`)
    return []
  }
  if (run('npm', ['ci', '--prefix', folder, '--no-audit', '--no-fund']) !== 0) {
    console.log(`missing: ${folder}. Tests that need one of its packages will be SKIPPED. To try again, type:`)
    console.log(`    npm ci --prefix ${folder}`)
    return [folder]
  }
  writeFileSync(stampPath, lock)
  return []
}
