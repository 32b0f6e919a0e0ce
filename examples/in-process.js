// A broker and a client in one process, without a socket: a pair of streams in memory is the connection.

import { duplexPair } from 'node:stream'
import { createBroker } from '@curlew/broker'
import { connect, duplexStream } from '@curlew/client'

const broker = createBroker()
const transport = {
  async connect() {
    const [ours, theirs] = duplexPair()
    await broker.attach(theirs)
    return duplexStream(ours)
  },
}

const client = await connect([], { transport })
client.on('state', ({ state }) => console.log(state))
const { isMatched } = await client.publish('news', 'nobody listens yet', { qos: 1 })
console.log(`somebody listens: ${isMatched}`)
await client.subscribe('news', message => console.log(message.text()))
await client.publish('news', 'hello', { qos: 2 })

await client.close()
await broker.close()
