// Our Client as the client sequences drive it: JSON lines on standard input, one Client for each (see run-client-sequences.js).

import { createInterface } from 'node:readline'
import { connect } from '@curlew/client'

const correlationData = Buffer.from('7deac5c5-8802-44ff-86ce-11479f337419')
const userProperties = [['key', 'value']]
const properties = {
  payloadFormatIndicator: 1,
  messageExpiryInterval: 4_294_967_295,
  responseTopic: 'response/topic',
  correlationData,
  contentType: 'text/plain',
  userProperties,
}

/** What the sequences call a command: what the Client does once it is connected. Refusals are what many sequences are about. */
const commands = {
  'publish-1': client => client.publish('test/publish', 'message', { qos: 1, properties }),
  'publish-2': client => client.publish('test/publish', 'message', { qos: 2, properties }),
  unsubscribe: client => client.unsubscribe('test/subscribe', { userProperties }),
}

/** How to end each Client that has not been ended, by its number. */
const running = new Map()

async function run({ id, port, ver, clean, command }) {
  const controller = new AbortController()
  running.set(id, () => controller.abort())
  const limits = { receiveMaximum: 20, topicAliasMaximum: 0 }
  const options = { protocolVersion: ver, cleanStart: clean, ...limits, reconnect: false, signal: controller.signal }
  const client = await connect(`mqtt://127.0.0.1:${port}`, options)
  await commands[command]?.(client)
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line)
  if (order.kill === undefined) run(order).catch(() => {})
  else {
    running.get(order.kill)?.()
    running.delete(order.kill)
  }
}
