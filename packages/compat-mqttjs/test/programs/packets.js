// Programs that watch packets go by.

const fields = {
  connack: ['reasonCode'],
  publish: ['topic', 'payload', 'qos', 'retain', 'dup'],
  puback: ['reasonCode'],
  suback: ['granted'],
  unsubscribe: ['unsubscriptions'],
}

/** What is documented of a packet. */
function described(packet) {
  const { cmd, subscriptions = [] } = packet
  const values = (fields[cmd] ?? []).map(name => (name === 'payload' ? String(packet.payload) : packet[name]))
  return [cmd, ...values, ...subscriptions.map(({ topic, qos, nl, rap, rh }) => ({ topic, qos, nl, rap, rh }))]
}

async function watched(mqtt, url, options, print, done) {
  const client = mqtt.connect(url, options)
  const sent = []
  const received = []
  // MQTT.js writes CONNECT before anybody can listen.
  client.on('packetsend', packet => packet.cmd !== 'connect' && sent.push(described(packet)))
  client.on('packetreceive', packet => received.push(described(packet)))
  client.on('connect', async () => {
    await client.subscribeAsync('elsewhere/#', { qos: 1 })
    for (const qos of [0, 1, 2]) await client.publishAsync('packets', `qos ${qos}`, { qos })
    await client.unsubscribeAsync('elsewhere/#')
    await client.endAsync()
    for (const line of [...sent, ...received]) print(...line)
    done()
  })
}

/** All that goes both ways, MQTT 3.1.1. */
export function all(mqtt, { url }, print, done) {
  return watched(mqtt, url, {}, print, done)
}

/** The same with MQTT 5.0. */
export function all5(mqtt, { url }, print, done) {
  return watched(mqtt, url, { protocolVersion: 5 }, print, done)
}

/** Who begins to listen later hears what comes later. */
export async function late(mqtt, { url }, print, done) {
  const client = await mqtt.connectAsync(url)
  await client.publishAsync('packets', 'unheard', { qos: 1 })
  client.once('packetsend', ({ cmd, payload }) => print('sent', cmd, String(payload)))
  client.once('packetreceive', ({ cmd }) => {
    print('received', cmd)
    client.end(done)
  })
  client.publish('packets', 'heard', { qos: 1 })
}
