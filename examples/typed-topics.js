// Topics with parameters, and payloads that a schema checks on both sides. Any library that follows Standard Schema will do.

import { createBroker } from '@curlew/broker'
import { connect, json, topic } from '@curlew/client'
import * as v from 'valibot'

const reading = v.object({ celsius: v.number() })
const temperature = topic('home/{room}/temperature', json(reading))

const broker = createBroker()
const { url } = await broker.listen({ protocol: 'mqtt', port: 0 })
const client = await connect(url)
client.on('error', error => console.log(error.code))

const read = new Promise(resolve => {
  temperature.subscribe(client, ({ parameters, value }) => resolve(`${parameters.room}: ${value.celsius} °C`))
})
await client.drain() // the Subscription is there
await client.publish('home/cellar/temperature', 'cold', { qos: 1 }) // refused by the schema, told as an error
await temperature.publish(client, { room: 'kitchen' }, { celsius: 21.5 })
console.log(await read)

await client.close()
await broker.close()
