import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type ConnectionOptions, type PSKCallbackNegotation, rootCertificates } from 'node:tls'
import { CommandError, ExitCode } from '../command-error.ts'
import type { ClientFlags, TlsVersion } from './client-flags.ts'
import { fileContent, readingFault } from './file-content.ts'

/** Where the systems that we know of keep the certificates they trust. */
const systemCertificates = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/** Certificates in one folder at most: a folder that has more is none of certificates. */
const FOLDER_FILES_MAX = 10_000

const versions: Readonly<Record<TlsVersion, 'TLSv1.3' | 'TLSv1.2' | 'TLSv1.1'>> = {
  'tlsv1.3': 'TLSv1.3',
  'tlsv1.2': 'TLSv1.2',
  'tlsv1.1': 'TLSv1.1',
}

/**
 * The options of Node's `tls.connect` that the flags stand for.
 *
 * @throws {CommandError} when they contradict each other, or a file cannot be read
 */
export function tlsOptions(flags: ClientFlags): ConnectionOptions {
  check(flags)
  const { cert, key, ciphers, tlsVersion, tlsAlpn, insecure, psk } = flags
  const authorities = trusted(flags)
  return {
    ...(authorities.length > 0 && { ca: authorities }),
    ...(cert !== undefined && { cert: pemContent('--cert', cert, 'CERTIFICATE') }),
    ...(key !== undefined && { key: pemContent('--key', key, 'PRIVATE KEY') }),
    ...(ciphers !== undefined && { ciphers }),
    ...(tlsVersion !== undefined && { minVersion: versions[tlsVersion], maxVersion: versions[tlsVersion] }),
    ...(tlsAlpn !== undefined && { ALPNProtocols: [tlsAlpn] }),
    ...(insecure && { rejectUnauthorized: false }),
    ...(psk !== undefined && preSharedKey(psk, flags.pskIdentity!, ciphers)),
  }
}

function check(flags: ClientFlags): void {
  const { cert, key, keyform, tlsEngine, cafile, capath, psk, pskIdentity } = flags
  const fault = (message: string, ...tries: string[]): never => {
    throw new CommandError(ExitCode.Failed, message, tries)
  }
  if ((cert === undefined) !== (key === undefined)) fault('--cert and --key belong together: give both or none')
  if (keyform !== undefined && key === undefined) fault('--keyform needs --key')
  if (tlsEngine !== undefined || (keyform !== undefined && keyform !== 'pem')) {
    fault('engines of OpenSSL are not supported: the private key must be a PEM file', '--key client.key')
  }
  if (psk === undefined) return
  if (cafile !== undefined || capath !== undefined) fault('--psk takes the place of --cafile and --capath: give one')
  if (pskIdentity === undefined) fault('--psk needs --psk-identity')
  if (!/^([\da-f]{2})+$/i.test(psk)) fault('--psk is hexadecimal: pairs of 0-9 and a-f')
}

function trusted({ cafile, capath, tlsUseOsCerts }: ClientFlags): (Buffer | string)[] {
  const authorities: (Buffer | string)[] = []
  if (cafile !== undefined) authorities.push(pemContent('--cafile', cafile, 'CERTIFICATE'))
  if (capath !== undefined) authorities.push(...certificatesIn(capath))
  if (tlsUseOsCerts && authorities.length > 0) authorities.push(...rootCertificates)
  if (tlsUseOsCerts)
    authorities.push(
      ...systemCertificates
        .filter(existsSync)
        .slice(0, 1)
        .map(path => readFileSync(path)),
    )
  return authorities
}

/** @param kind what must be in the file: OpenSSL takes one without it, and trusts nobody */
function pemContent(flag: string, path: string, kind: 'CERTIFICATE' | 'PRIVATE KEY'): Buffer {
  const bytes = fileContent(flag, path)
  if (new RegExp(`^-----BEGIN ([A-Z0-9]+ )*${kind}-----`, 'm').test(bytes.toString('latin1'))) return bytes
  const message = `the file of ${flag}, ${path}, has no ${kind.toLowerCase()} in PEM`
  throw new CommandError(ExitCode.Failed, message, [`${flag} <file>, which has a line -----BEGIN ${kind}-----`])
}

function certificatesIn(folder: string): Buffer[] {
  try {
    const paths = readdirSync(folder)
      .slice(0, FOLDER_FILES_MAX)
      .map(name => join(folder, name))
      .filter(path => statSync(path).isFile())
    return paths.map(path => readFileSync(path)).filter(bytes => bytes.includes('-----BEGIN CERTIFICATE-----'))
  } catch (error) {
    const message = `cannot read the folder of --capath, ${folder}: ${readingFault(error)}`
    throw new CommandError(ExitCode.Failed, message, [], { cause: error })
  }
}

/** Without certificates there is no name to check. TLS 1.3 has other keys, which Node does not offer to clients. */
function preSharedKey(psk: string, identity: string, ciphers: string | undefined): ConnectionOptions {
  const answer: PSKCallbackNegotation = { psk: Buffer.from(psk, 'hex'), identity }
  return {
    pskCallback: () => answer,
    ciphers: ciphers ?? 'PSK',
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    checkServerIdentity: () => undefined,
  }
}
