import { ClientError } from '@curlew/client'
import { expect, test } from 'vitest'
import type { ClientFlags } from '../src/client/client-flags.ts'
import { serverAddress } from '../src/client/server-address.ts'
import { unreachable } from '../src/client/unreachable.ts'

const flags: ClientFlags = { qos: 0, maxInflight: 20, tls: true, host: 'h' }

const faults: [scheme: Partial<ClientFlags>, code: string, message: string, tries: RegExp][] = [
  [{}, 'EHOSTUNREACH', 'cannot reach h:1883: it says no', /^another -h or -p$/],
  [{ ws: true }, 'ETIMEDOUT', 'cannot reach h:8083: it says no', /^another -h or -p$/],
  [{ cafile: 'f' }, 'EHOSTUNREACH', 'cannot reach h:8883: it says no', /^another -h or -p$/],
  [{ cafile: 'f' }, 'ECONNRESET', 'h:8883 does not speak TLS as it was asked to: it closed the connection', /--no-tls/],
  [{ ws: true, cafile: 'f' }, '', 'h:8084 does not answer as a WebSocket server does: it says no', /without --ws/],
  [{ cafile: 'f' }, 'CERT_HAS_EXPIRED', 'the certificate of h:8883 is not trusted: it says no', /--cafile/],
  [
    { cafile: 'f', cert: 'c.pem', key: 'k.pem' },
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'h:8883 does not trust the certificate of --cert, c.pem',
    /--cert and --key that an authority has signed/,
  ],
]
for (const [scheme, code, message, tries] of faults) {
  test(`${code || 'a fault without a code'} with ${Object.keys(scheme).join(' and ') || 'TCP'} reads '${message}'`, () => {
    const given = { ...flags, ...scheme }
    const cause = Object.assign(new Error('it says no'), code === '' ? {} : { code })
    const error = new ClientError('ERR_TRANSPORT', 'cannot reach it', { cause })

    const explanation = unreachable(error, given, serverAddress(given))

    expect(explanation.message).toBe(message)
    expect(explanation.tries[0]).toMatch(tries)
  })
}
