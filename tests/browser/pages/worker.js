// A dedicated worker: echoes what it receives, and tells the page which texts came.

importScripts('client.js')

addEventListener('message', async ({ data: { url, protocolVersion } }) => {
  const client = await curlew.connect(url, { protocolVersion })
  const subscription = await client.subscribe('worker/+', { qos: 2 })
  for (const qos of [0, 1, 2]) await client.publish(`worker/${qos}`, `QoS ${qos}`, { qos })
  const texts = []
  for await (const message of subscription) if (texts.push(message.text()) === 3) break
  await client.close()
  postMessage(texts)
})
