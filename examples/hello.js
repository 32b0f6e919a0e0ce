import { createBroker } from '@curlew/broker'
import { connect } from '@curlew/client'

const broker = createBroker()
const { url } = await broker.listen({ protocol: 'mqtt', port: 0 })
const client = await connect(url)
const subscription = await client.subscribe('home/+/temperature')
await client.publish('home/kitchen/temperature', '21.5', { qos: 1 })
for await (const message of subscription) {
  console.log(message.topic, message.text())
  break // leaving the loop unsubscribes
}
await client.close()
await broker.close()
