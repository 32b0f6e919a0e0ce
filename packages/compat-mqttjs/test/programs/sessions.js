// Programs about what outlives a connection.

/** A Session that keeps messages while its client is away. */
export async function persistent(mqtt, { url }, print, done) {
  const options = { clientId: 'persistent', clean: false }
  const first = mqtt.connect(url, options)
  await new Promise(resolve => first.once('connect', ({ sessionPresent }) => resolve(print('present', sessionPresent))))
  await first.subscribeAsync('mail/#', { qos: 1 })
  await first.endAsync()
  const sender = await mqtt.connectAsync(url)
  for (const letter of ['one', 'two', 'three']) await sender.publishAsync('mail/box', letter, { qos: 1 })
  await sender.endAsync()

  const second = mqtt.connect(url, options)
  second.on('connect', ({ sessionPresent }) => print('present', sessionPresent))
  second.on('message', (topic, payload) => {
    print(topic, String(payload))
    if (String(payload) === 'three') second.end(done)
  })
}

/** The Will of a client that is ended by force, and of one that says goodbye. */
export async function wills(mqtt, { url }, print, done) {
  const watcher = await mqtt.connectAsync(url)
  watcher.on('message', (topic, payload, { qos }) => {
    print(topic, String(payload), qos)
    if (topic === 'will/forced') watcher.end(done)
  })
  await watcher.subscribeAsync('will/+', { qos: 1 })
  const will = name => ({ will: { topic: `will/${name}`, payload: Buffer.from('gone'), qos: 1, retain: false } })
  const polite = await mqtt.connectAsync(url, will('polite'))
  const forced = await mqtt.connectAsync(url, will('forced'))
  await polite.endAsync()
  await forced.endAsync(true)
}

/** end() waits for what is under way; afterwards nothing is taken. */
export async function ending(mqtt, { url }, print, done) {
  const client = await mqtt.connectAsync(url)
  let delivered = 0
  for (let count = 0; count < 10; count++) client.publish('bulk', String(count), { qos: 2 }, () => delivered++)
  client.on('close', () => print('close', delivered))
  client.on('end', () => print('end'))
  client.end(() => {
    print('callback', delivered)
    client.end(() => {
      print('second callback')
      done()
    })
  })
  print('disconnecting', client.disconnecting)
  client.publish('late', '', error => print('publish', error.message))
  client.subscribe('late', error => print('subscribe', error.message))
  client.unsubscribe('late', error => print('unsubscribe', error.message))
}

/** One message at a time, acknowledged when it has been dealt with. */
export async function slowly(mqtt, { url }, print, done) {
  const client = await mqtt.connectAsync(url, { protocolVersion: 5 })
  const sender = await mqtt.connectAsync(url)
  let underWay = 0
  client.on('message', (_topic, payload) => print('message', String(payload)))
  client.handleMessage = (packet, callback) => {
    underWay++
    setImmediate(() => {
      print('handled', String(packet.payload), underWay)
      underWay--
      callback()
      if (String(packet.payload) === '4') Promise.all([client.endAsync(true), sender.endAsync()]).then(() => done())
    })
  }
  await client.subscribeAsync('slow', { qos: 1 })
  for (let count = 0; count < 5; count++) sender.publish('slow', String(count), { qos: 1 })
}
