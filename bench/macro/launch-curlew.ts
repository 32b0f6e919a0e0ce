import { createBroker } from '@curlew/broker'

/**
 * Runs Curlew in memory and prints its port. Its limits on what one client may have under way are out of the way of the load, as
 * those of Mosquitto and aedes are; all clients come from one address.
 */
const broker = createBroker({
  limits: {
    connectionsPerAddressMax: 10_000,
    receiveMaximum: 0xffff,
    inFlightMessagesMax: 0xffff,
    inFlightBytesMax: 2 ** 30,
    queuedMessagesMax: 1_000_000,
    queuedBytesMax: 2 ** 30,
  },
})
const { port } = await broker.listen({ protocol: 'mqtt', host: '127.0.0.1', port: 0 })
process.stdout.write(`${port}\n`)

process.stdin.resume().on('end', () => process.exit())
process.on('SIGTERM', () => process.exit())
