import dns, { type SrvRecord } from 'node:dns'
import { hostRuntime } from '@curlew/client'
import { CommandError, ExitCode } from '../command-error.ts'
import { authority, type ServerAddress, urlOf } from './server-address.ts'

/** Where one of the Servers of a domain is. */
export interface ServerPlace {
  readonly host: string
  readonly port: number
}

/** How long a DNS server may take to answer, in milliseconds, and how often it is asked. */
const QUERY_TIMEOUT_MS = 5_000
const QUERY_TRIES = 2

/** Servers of a domain that are tried at most, the others never: each may take as long as a connection may. */
const SERVERS_MAX = 32

/**
 * The address of the Servers that a domain names in DNS, under the names that Mosquitto's tools ask for.
 *
 * @param address its host is the domain
 * @throws {CommandError} when it names none, or DNS does not answer
 */
export async function addressBySrv(address: ServerAddress): Promise<ServerAddress> {
  const { host: domain, isTls } = address
  const name = `${isTls ? '_secure-mqtt' : '_mqtt'}._tcp.${domain}`
  const places = await serversOf(name, domain)
  const [{ host, port }] = places
  const urls = places.map(place => urlOf(isTls ? 'mqtts' : 'mqtt', place))
  return { ...address, urls, host, port, name: places.map(place => authority(place.host, place.port)).join(', ') }
}

async function serversOf(name: string, domain: string): Promise<[ServerPlace, ...ServerPlace[]]> {
  const resolver = new dns.promises.Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES })
  resolver.setServers(dns.getServers()) // those of the process, whoever has set them
  const records = await resolver.resolveSrv(name).catch(error => {
    throw lookupFault(error, name, domain)
  })
  const [first, ...others] = inOrder(records, hostRuntime.random).map(placeOf)
  // One record whose target is the root says that there is no such service (RFC 2782).
  if (first === undefined || first.host === '') throw fault(`${domain} says in DNS that it has no MQTT server`, [])
  return [first, ...others]
}

function placeOf({ name, port }: SrvRecord): ServerPlace {
  return { host: name.replace(/\.$/, ''), port }
}

/**
 * The order in which the Servers are tried (RFC 2782): lower priorities first, and among equals by chance, the likelier the heavier.
 *
 * @param random gives numbers from 0 up to, but not including, 1
 */
export function inOrder(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const left = [...records].sort((one, other) => one.priority - other.priority || one.weight - other.weight)
  const ordered: SrvRecord[] = []
  while (left.length > 0 && ordered.length < SERVERS_MAX) {
    const equals = left.filter(({ priority }) => priority === left[0]!.priority)
    const sum = equals.reduce((total, { weight }) => total + weight, 0)
    let mark = Math.floor(random() * (sum + 1))
    const index = equals.findIndex(({ weight }) => {
      mark -= weight
      return mark <= 0
    })
    ordered.push(...left.splice(index, 1)) // equals stand at the front
  }
  return ordered
}

function lookupFault(error: NodeJS.ErrnoException, name: string, domain: string): CommandError {
  const isAbsent = error.code === 'ENOTFOUND' || error.code === 'ENODATA'
  const absent = `there is no SRV record ${name}: ${domain} names no server for that in DNS`
  const message = isAbsent ? absent : `cannot look up ${name}: DNS gives no answer (${error.code})`
  return fault(message, [`-h ${domain}, without -S`, `dig +short SRV ${name}`])
}

function fault(message: string, tries: readonly string[]): CommandError {
  return new CommandError(ExitCode.Failed, message, tries)
}
