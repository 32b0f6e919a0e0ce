// One command of the test run: shown before it starts, with its output going where ours goes.

import { spawnSync } from 'node:child_process'
import { delimiter } from 'node:path'

// Debian keeps daemons where the PATH of an ordinary user does not look.
const path = [process.env.PATH ?? '', '/usr/local/sbin', '/usr/sbin'].join(delimiter)

/**
 * Runs `command` to its end and returns its exit code. A command that can not be started counts as failed: 1.
 *
 * @throws {Error} when the command was interrupted, because then the user wants all of it to end
 */
export function run(command, args, env = {}) {
  console.log(`$ ${[command, ...args].join(' ')}`)
  const { status, signal, error } = spawnSync(command, args, {
    stdio: 'inherit',
    env: { ...process.env, PATH: path, ...env },
  })
  if (signal === 'SIGINT' || signal === 'SIGTERM') throw new Error(`${command} was interrupted`)
  if (error) console.log(`${command} can not be started: ${error.message}`)
  return status ?? 1
}

/** Whether `command` ends with success; what it prints is of no interest. */
export function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore', env: { ...process.env, PATH: path } }).status === 0
}
