// A broker and a client in one process, without a socket.

import { createBroker } from '@curlew/broker'
import { connectInProcess } from '@curlew/client/in-process'

const broker = createBroker()
const client = await connectInProcess(broker)
client.on('state', ({ state }) => console.log(state))

const { isMatched } = await client.publish('news', 'nobody listens yet', { qos: 1 })
console.log(`somebody listens: ${isMatched}`)
await client.subscribe('news', message => console.log(message.text()))
await client.publish('news', 'hello', { qos: 2 })

await client.close()
await broker.close()
