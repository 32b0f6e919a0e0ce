import type { ListenAddress } from '@curlew/broker'
import type { DurabilityLevel } from './config-schema.ts'
import { type Style, table } from './output.ts'

/** What there is to say about a broker that has just been started. */
export interface StartFacts {
  readonly version: string
  readonly pid: number
  readonly configFile: string | undefined
  readonly dataFolder: string
  readonly durability: DurabilityLevel
  readonly addresses: readonly StartedListener[]
}

export interface StartedListener extends ListenAddress {
  /** Whether other machines can reach it, and anybody on them may do everything. */
  readonly isOpen: boolean
}

const durabilityMeanings: Readonly<Record<DurabilityLevel, string>> = {
  always: 'what is acknowledged is on the disk',
  interval: 'what is acknowledged survives a crash of the broker; a power cut can take the last second',
  memory: 'sessions and retained messages are lost when the broker stops',
}

const protocolTitles = { mqtt: 'MQTT', ws: 'WebSocket' } as const

/** The text that `curlew start` shows once everything listens. */
export function startTable(facts: StartFacts, style: Style): string {
  const { version, pid, configFile, dataFolder, durability, addresses } = facts
  const rows: [name: string, value: string][] = addresses.map(address => [
    protocolTitles[address.protocol],
    style.strong(address.url) + (address.isOpen ? style.warning('  open: whoever reaches it may do everything') : ''),
  ])
  if (configFile !== undefined) rows.push(['config', configFile])
  rows.push(['data folder', durability === 'memory' ? `${dataFolder} (not used)` : dataFolder])
  rows.push(['durability', `${durability}: ${durabilityMeanings[durability]}`])
  rows.push(['process', `${pid} (Ctrl+C stops it)`])
  return `\n${style.strong(`Curlew ${version}`)} is running\n\n${table(rows, style)}\n${linesToTry(addresses)}`
}

/** Two lines for the tools that people have, which speak MQTT over TCP only. */
function linesToTry(addresses: readonly ListenAddress[]): string {
  const address = addresses.find(({ protocol }) => protocol === 'mqtt')
  if (address === undefined) return ''
  const to = `-h ${reachable(address.host)} -p ${address.port}`
  return `Try it, each line in a terminal of its own:

  mosquitto_sub ${to} -t 'hello/#' -v
  mosquitto_pub ${to} -t hello/world -m 'it works'

`
}

/** An address that a Client on this machine can use for one that means all of them. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}
