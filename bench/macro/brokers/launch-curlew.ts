import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { createBroker, createLevelStore, type Durability } from '@curlew/broker'
import { certificatePathsIn } from './certificate.ts'
import { answerInspections } from './inspection.ts'

/**
 * Runs Curlew and prints its port. Arguments: what MQTT runs over, the folder of the certificate, and then, with a store, DURABILITY and
 * FOLDER. Its limits on what one client may have under way are out of the way of the load, as those of Mosquitto and aedes are.
 */
const [transport, certificateFolder = '', durability, folder] = process.argv.slice(2)
const complain = (event: string, fields?: unknown): void => {
  process.stderr.write(`curlew: ${event} ${JSON.stringify(fields)}\n`)
}
const log = { info() {}, warn: complain, error: complain }
const store = folder === undefined ? undefined : createLevelStore({ folder, durability: durability as Durability, log })
const broker = createBroker({
  ...(store && { store }),
  log,
  limits: {
    subscriptionsMax: 1_000_000,
    receiveMaximum: 0xffff,
    inFlightMessagesMax: 0xffff,
    inFlightBytesMax: 2 ** 30,
    queuedMessagesMax: 2_000_000,
    queuedBytesMax: 2 ** 30,
  },
})
process.stdout.write(`${transport === 'tls' ? await listenWithTls() : await listen()}\n`)

async function listen(): Promise<number> {
  const protocol = transport === 'ws' ? 'ws' : 'mqtt'
  const { port } = await broker.listen({ protocol, host: '127.0.0.1', port: 0 })
  return port
}

/** There is no listener for TLS yet: what an application does that embeds the broker. */
async function listenWithTls(): Promise<number> {
  const { keyPath, certificatePath } = certificatePathsIn(certificateFolder)
  const server = createServer(
    { key: readFileSync(keyPath), cert: readFileSync(certificatePath), noDelay: true },
    socket => void broker.attach(socket),
  )
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

answerInspections()
process.stdin.resume().on('end', () => process.exit())
process.on('SIGTERM', () => process.exit())
