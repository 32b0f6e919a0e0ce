import { createBroker } from '@curlew/broker'

/** The broker that both libraries talk to: prints its URL, and ends with its input. */
const broker = createBroker()
const { url } = await broker.listen({ protocol: 'mqtt', host: '127.0.0.1', port: 0 })
process.stdout.write(`${url}\n`)
process.stdin.resume().on('end', () => process.exit())
