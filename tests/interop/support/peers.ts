import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const peersFolder = fileURLToPath(new URL('../../peers', import.meta.url))
const requireFromPeers = createRequire(join(peersFolder, 'package.json'))

/** Where a package of `tests/peers` is installed. */
export function peerFolder(name: string): string {
  return join(peersFolder, 'node_modules', name)
}

/** Why a package of `tests/peers` cannot be used, or undefined if it can. */
export function missingPeer(name: string): string | undefined {
  if (existsSync(peerFolder(name))) return undefined
  return `the npm package ${name} is not installed: npm ci --prefix tests/peers`
}

/** The file that `import` of a package of `tests/peers` would load, for packages that have no other form. */
export function peerEntry(name: string): string {
  return requireFromPeers.resolve(name)
}

/** Loads a package of `tests/peers`. The caller knows its shape, because these packages share no types with us. */
export function loadPeer<Module>(name: string): Module {
  return requireFromPeers(name) as Module
}

/** Why a program cannot be used, or undefined if it is on the PATH. */
export function missingProgram(name: string, debianPackage: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  if (folders.some(folder => existsSync(join(folder, name)))) return undefined
  return `${name} is not installed: apt-get install ${debianPackage}`
}
