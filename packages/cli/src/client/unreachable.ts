import type { PeerCertificate } from 'node:tls'
import type { ClientError } from '@curlew/client'
import { commandLine } from '../command-line.ts'
import type { ClientFlags } from './client-flags.ts'
import { ProxyError } from './proxy.ts'
import type { ServerAddress } from './server-address.ts'

/** An error in words for people. */
export interface Explanation {
  /** What happened, and why. */
  readonly message: string
  /** What to type next. */
  readonly tries: readonly string[]
}

/** What Node adds to the errors of its sockets. */
interface SocketError extends Error {
  readonly code?: string
  /** Of a Server whose certificate is for another name. */
  readonly cert?: PeerCertificate
}

/** Signs in an error of Node's of a certificate that is not trusted. */
const untrusted = /CERT|SELF_SIGNED|ISSUER|VERIFY/

/** What a Server says that wants a certificate, and what one says that does not trust ours. */
const wantsCertificate = /^ERR_SSL_\w+_ALERT_CERTIFICATE_REQUIRED$/
const refusesCertificate = /^ERR_SSL_\w+_ALERT_(BAD_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE)$/

/** Why there is no connection to a Server. */
export function unreachable(error: ClientError, flags: ClientFlags, address: ServerAddress): Explanation {
  const { name, host, port, isTls } = address
  const cause = error.cause as SocketError | undefined
  const code = cause?.code ?? ''
  const elsewhere = flags.srv ? '-h <host> -p <port>, without -S' : 'another -h or -p'
  if (cause instanceof ProxyError) return { message: cause.message, tries: cause.tries }
  if (code === 'ECONNREFUSED' || code === 'ENOENT') {
    const isHere = /^(localhost|127\..*|::1)$/.test(host)
    const start = commandLine(['start', ...(port === 1883 ? [] : ['--port', `${port}`])])
    return { message: `nothing listens on ${name}`, tries: [isHere ? start : elsewhere] }
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return {
      message: `there is no host ${host}, or its name cannot be looked up now`,
      tries: [flags.srv ? elsewhere : 'another -h'],
    }
  }
  // Other codes are of the system: there is no way to the host, or it took too long.
  const isCutOff = code === '' || code === 'ECONNRESET' || code === 'EPROTO'
  const isSystems = /^E[A-Z0-9]+$/.test(code) && !isCutOff
  if (isTls && cause && code !== '' && !isSystems) return withTls(cause, code, flags, address)
  if (address.isWebSocket && isCutOff) {
    const why = cause === undefined ? '' : `: ${cause.message}`
    const tries = ['without --ws, or another -p', '--ws-path <path>, if it has WebSocket elsewhere']
    return { message: `${name} does not answer as a WebSocket server does${why}`, tries }
  }
  if (cause === undefined) {
    const tries = isTls ? [] : [`--tls-use-os-certs or --cafile <file>, if ${name} wants TLS`]
    return { message: `${name} closed the connection without an answer: is it an MQTT server?`, tries }
  }
  return { message: `cannot reach ${name}: ${cause.message}`, tries: [elsewhere] }
}

function withTls(cause: SocketError, code: string, flags: ClientFlags, address: ServerAddress): Explanation {
  const { name, host } = address
  const insecure = '--insecure, for a test'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = namesIn(cause.cert)
    const owner = names.length === 0 ? 'somebody else' : names.join(', ')
    const [first] = names.filter(each => !each.includes('*'))
    return {
      message: `the certificate of ${name} is for ${owner}, not for ${host}`,
      tries: [...(first === undefined ? [] : [`-h ${first}`]), insecure],
    }
  }
  if (wantsCertificate.test(code)) {
    return { message: `${name} wants a certificate of this client`, tries: ['--cert client.crt --key client.key'] }
  }
  if (refusesCertificate.test(code)) {
    const tries = ['--cert and --key that an authority has signed which the broker trusts']
    return { message: `${name} does not trust the certificate of --cert, ${flags.cert}`, tries }
  }
  if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') {
    const message = `the key of --key, ${flags.key}, does not belong to the certificate of --cert, ${flags.cert}`
    return { message, tries: ['--cert and --key of the same client'] }
  }
  if (untrusted.test(code)) {
    const message = `the certificate of ${name} is not trusted: ${cause.message}`
    return { message, tries: ['--cafile <file>, with the certificate of who signed it', insecure] }
  }
  const why = code === 'ECONNRESET' ? 'it closed the connection' : cause.message.trim().split('\n')[0]
  const tries = ['--no-tls', ...(flags.cert === undefined ? ['--cert and --key, if it wants a certificate'] : [])]
  return { message: `${name} does not speak TLS as it was asked to: ${why}`, tries }
}

/** The names of hosts in a certificate: `DNS:a.example, IP Address:10.0.0.1`. */
function namesIn(certificate: PeerCertificate | undefined): string[] {
  const names = certificate?.subjectaltname?.split(', ').map(name => name.replace(/^(DNS|IP Address):/, ''))
  return names ?? [certificate?.subject?.CN ?? []].flat()
}
