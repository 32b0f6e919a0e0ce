// Programs of others that tests talk to. They are packages of Debian: root on a Debian machine gets what is missing, anyone
// else is told what to type and what will be skipped until then.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { run, succeeds } from './command.js'

/** What we want, why, and the command that succeeds where it is present, whatever the system it came from. */
const packages = [
  {
    name: 'mosquitto',
    reason: 'the broker that ours is compared with, in interoperation and in speed',
    isPresent: () => succeeds('sh', ['-c', 'command -v mosquitto']),
  },
  {
    name: 'mosquitto-clients',
    reason: 'mosquitto_pub, mosquitto_sub and mosquitto_rr use our broker',
    isPresent: () => succeeds('sh', ['-c', 'command -v mosquitto_pub && command -v mosquitto_sub']),
  },
  {
    name: 'python3',
    reason: 'runs the Python clients and the byte sequences',
    isPresent: () => succeeds('python3', ['--version']),
  },
  {
    name: 'python3-paho-mqtt',
    reason: 'the Python client uses our broker',
    // Debian installs it for its own Python, which another one may precede on the PATH.
    isPresent: () =>
      ['python3', '/usr/bin/python3'].some(python => succeeds(python, ['-c', 'import paho.mqtt.client'])),
  },
  {
    name: 'strace',
    reason: 'makes the disk of a broker fail or slow, for the tests of durability',
    isPresent: () => succeeds('sh', ['-c', 'command -v strace']),
  },
  {
    name: 'libfaketime',
    reason: 'moves the clock on the wall, for the tests of durability',
    isPresent: () => succeeds('sh', ['-c', 'ls /usr/lib/*/faketime/libfaketime.so.1']),
  },
]

/** Installs what is missing where that is possible. Returns the names of the packages still missing afterwards. */
export function provideDebianPackages() {
  const missing = packages.filter(({ isPresent }) => !isPresent())
  if (missing.length === 0) console.log(`present: ${packages.map(({ name }) => name).join(', ')}`)
  if (missing.length === 0) return []

  const isRoot = process.getuid?.() === 0
  if (isRoot && existsSync('/etc/debian_version')) installWithoutStarting(missing.map(({ name }) => name))
  const stillMissing = missing.filter(({ isPresent }) => !isPresent())
  if (stillMissing.length > 0) explain(stillMissing)
  else console.log('installed; no service was started (`systemctl disable mosquitto` keeps it so after a restart)')
  return stillMissing.map(({ name }) => name)
}

function explain(missing) {
  for (const { name, reason } of missing) console.log(`missing: ${name} (${reason})`)
  console.log('Tests that need what is missing will be SKIPPED. On Debian and Ubuntu this installs it:')
  console.log(`    sudo apt-get install --no-install-recommends ${missing.map(({ name }) => name).join(' ')}`)
  if (missing.some(({ name }) => name === 'mosquitto')) {
    console.log('and this keeps port 1883 free for Curlew, because the package starts its broker:')
    console.log('    sudo systemctl disable --now mosquitto')
  }
}

/**
 * Debian starts a daemon as soon as it is installed, and Mosquitto would then hold port 1883, which `npm start` is to have.
 * Its package scripts ask /usr/sbin/policy-rc.d first, and 101 means no. A policy that is there already is not ours to change.
 */
const policyPath = '/usr/sbin/policy-rc.d'
const policy = "#!/bin/sh\n# Written by Curlew's test run for the time of one apt-get; safe to delete.\nexit 101\n"

function installWithoutStarting(names) {
  const isOurs = !existsSync(policyPath) || readFileSync(policyPath, 'utf8') === policy
  // With a listener, an interrupt ends only apt-get, which gets it too, and leaves us to take the policy away again.
  const stayAlive = () => undefined
  process.on('SIGINT', stayAlive)
  if (isOurs) writeFileSync(policyPath, policy, { mode: 0o755 })
  try {
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    // A stale list still installs what it holds, so a failed update is no reason not to try.
    run('apt-get', ['-q', 'update'], env)
    run('apt-get', ['-q', 'install', '-y', '--no-install-recommends', ...names], env)
  } finally {
    if (isOurs) rmSync(policyPath, { force: true })
    process.off('SIGINT', stayAlive)
  }
}
