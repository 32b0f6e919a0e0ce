import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer, type TlsOptions } from 'node:tls'
import { createBroker } from '@curlew/broker'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './temporary-folder.ts'

/** A broker behind TLS, with a certificate that nobody has signed but itself, in `trusted/cert.pem` of the folder. */
export async function tlsBroker(options: TlsOptions = {}): Promise<{ port: number; folder: string }> {
  const folder = temporaryFolder({ 'trusted/readme': 'no certificate' })
  const [key, cert] = ['key.pem', 'trusted/cert.pem'].map(name => join(folder, name)) as [string, string]
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  execFileSync('openssl', [...request, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const curve = ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  execFileSync('openssl', [...curve, '-out', join(folder, 'other.pem')], { stdio: 'ignore' })
  const broker = createBroker()
  const certificate = { key: readFileSync(key), cert: readFileSync(cert) }
  const server = createServer({ ...certificate, ...options }, socket => void broker.attach(socket))
  server.on('tlsClientError', () => {})
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.close()
    await broker.close()
  })
  return { port: (server.address() as { port: number }).port, folder }
}
