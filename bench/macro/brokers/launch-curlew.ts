import { createBroker, createLevelStore, type Durability } from '@curlew/broker'

/**
 * Runs Curlew and prints its port; in memory, or with arguments DURABILITY and FOLDER with a store. Its limits on what one client may have under way are out of the way of the load, as
 * those of Mosquitto and aedes are; all clients come from one address.
 */
const [durability, folder] = process.argv.slice(2)
const complain = (event: string, fields?: unknown): void => {
  process.stderr.write(`curlew: ${event} ${JSON.stringify(fields)}\n`)
}
const log = { info() {}, warn: complain, error: complain }
const store = folder === undefined ? undefined : createLevelStore({ folder, durability: durability as Durability, log })
const broker = createBroker({
  ...(store && { store }),
  log,
  limits: {
    connectionsPerAddressMax: 10_000,
    receiveMaximum: 0xffff,
    inFlightMessagesMax: 0xffff,
    inFlightBytesMax: 2 ** 30,
    queuedMessagesMax: 2_000_000,
    queuedBytesMax: 2 ** 30,
  },
})
const { port } = await broker.listen({ protocol: 'mqtt', host: '127.0.0.1', port: 0 })
process.stdout.write(`${port}\n`)

process.stdin.resume().on('end', () => process.exit())
process.on('SIGTERM', () => process.exit())
