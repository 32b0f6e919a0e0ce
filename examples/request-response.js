// A service that answers requests, in a group of workers, and a client that asks.

import { createBroker } from '@curlew/broker'
import { connect, request, serve } from '@curlew/client'

const broker = createBroker()
const { url } = await broker.listen({ protocol: 'mqtt', port: 0 })
const service = await connect(url)
const client = await connect(url)

await serve(service, 'math/square', message => String(Number(message.text()) ** 2), { group: 'mathematicians' })

const response = await request(client, 'math/square', '12', { timeoutMs: 5_000 })
console.log(response.text())

const failure = await request(client, 'math/cube', '12').catch(error => error)
console.log(failure.message)

await client.close()
await service.close()
await broker.close()
