// Programs as users of MQTT.js write them. Each gets the module, a broker to talk to, and a way to print.

/** The first program of every introduction. */
export function hello(mqtt, { url }, print, done) {
  const client = mqtt.connect(url)
  client.on('connect', connack => {
    print('connected', connack.cmd, connack.sessionPresent, connack.returnCode)
    client.subscribe('presence', error => {
      print('subscribed', error)
      if (!error) client.publish('presence', 'Hello mqtt')
    })
  })
  client.on('message', (topic, message, packet) => {
    print(topic, message.toString(), Buffer.isBuffer(message), packet.qos, packet.retain, packet.dup, packet.cmd)
    client.end()
  })
  client.on('close', () => print('closed'))
  client.on('end', () => {
    print('ended', client.connected, client.disconnected)
    done()
  })
}

/** The same with promises. */
export async function promises(mqtt, { url }, print, done) {
  const client = await mqtt.connectAsync(url, { clientId: 'promises' })
  print('connected', client.connected, client.options.clientId)
  print('granted', await client.subscribeAsync('async/#', { qos: 2 }))
  const received = new Promise(resolve => client.once('message', (topic, payload) => resolve(`${topic} ${payload}`)))
  print('published', (await client.publishAsync('async/a', 'one', { qos: 2 })).cmd)
  print(await received)
  print('QoS 0', await client.publishAsync('async/b', 'two'))
  print('unsubscribed', (await client.unsubscribeAsync('async/#')).cmd)
  await client.endAsync()
  print('ended', client.connected)
  done()
}

/** What callbacks of publish get, and that messages of each QoS arrive. */
export function levels(mqtt, { url }, print, done) {
  const client = mqtt.connect(url)
  const received = []
  client.on('message', (topic, payload, packet) => {
    received.push(`${topic} ${payload} qos ${packet.qos} id ${typeof packet.messageId}`)
    if (received.length < 3) return
    for (const line of received.sort()) print(line)
    client.end(false, {}, () => {
      print('end callback')
      done()
    })
  })
  client.subscribe({ 'levels/0': { qos: 0 }, 'levels/1': { qos: 1 }, 'levels/2': { qos: 2 } }, (error, granted) => {
    print(error, granted)
    client.publish('levels/0', 'zero', (failure, packet) => {
      print('0', failure ?? null, packet)
      client.publish('levels/1', Buffer.from('one'), { qos: 1 }, (failure1, packet1) => {
        print('1', failure1, packet1.topic, String(packet1.payload), packet1.messageId === client.getLastMessageId())
        client.publish('levels/2', 'two', { qos: 2 }, (failure2, packet2) => {
          print('2', failure2, packet2.qos, packet2.retain, packet2.dup)
        })
      })
    })
  })
}

/** Every form that subscribe takes. */
export async function forms(mqtt, { url }, print, done) {
  const client = mqtt.connect(url)
  print(await client.subscribeAsync('a'))
  print(await client.subscribeAsync(['b', 'c/+'], { qos: 1 }))
  print(await client.subscribeAsync({ d: { qos: 2 }, e: { qos: 0 } }))
  print('again', await client.subscribeAsync('d', { qos: 1 }))
  print('higher', await client.subscribeAsync('a', { qos: 1 }))
  client.subscribe('f/#/g', (error, granted) => {
    print(error.message, granted)
    client.subscribe([], empty => {
      print(empty.message)
      client.unsubscribe('x/#/y', invalid => {
        print(invalid.message)
        client.end(true, done)
      })
    })
  })
}

/** Overlapping filters: each PUBLISH is told once. */
export async function overlapping(mqtt, { url }, print, done) {
  const client = await mqtt.connectAsync(url)
  const received = []
  await client.subscribeAsync(['home/#', 'home/+/light', 'end'], { qos: 1 })
  client.on('message', (topic, payload) => {
    received.push(`${topic} ${payload}`)
    if (topic !== 'end') return
    print(received.join(', '))
    client.end(done)
  })
  await client.publishAsync('home/kitchen/light', 'on', { qos: 1 })
  await client.publishAsync('home/kitchen', '21', { qos: 1 })
  await client.unsubscribeAsync('home/#')
  await client.publishAsync('home/kitchen', '22', { qos: 1 })
  await client.publishAsync('home/hall/light', 'off', { qos: 1 })
  await client.publishAsync('end', '', { qos: 1 })
}

/** Retained messages, set and cleared. */
export async function retained(mqtt, { url }, print, done) {
  const writer = await mqtt.connectAsync(url)
  await writer.publishAsync('kept/a', 'kept', { qos: 1, retain: true })
  await writer.publishAsync('kept/b', 'cleared', { qos: 1, retain: true })
  await writer.publishAsync('kept/b', '', { qos: 1, retain: true })
  const reader = await mqtt.connectAsync(url)
  reader.on('message', async (topic, payload, { retain }) => {
    print(topic, String(payload), retain)
    if (topic !== 'kept/end') return
    await Promise.all([reader.endAsync(), writer.endAsync()])
    done()
  })
  await reader.subscribeAsync('kept/#')
  await writer.publishAsync('kept/end', 'live', { retain: true })
}

/** Things said before there is a connection are done when there is one. */
export function early(mqtt, { url }, print, done) {
  const client = mqtt.connect(url, { manualConnect: true })
  print(client.connected, client.reconnecting, client.keepalive)
  client.connect()
  const connected = new Promise(resolve => client.on('connect', () => resolve(client.connected)))
  client.on('message', async (topic, payload, { retain }) => {
    print('connected', await connected)
    print(topic, String(payload), retain)
    client.end(() => done())
  })
  client.publish('early', 'published', { qos: 1, retain: true }, error => {
    print('published', error)
    client.subscribe('early/+', { qos: 1 })
    client.subscribe('early', { qos: 1 })
  })
}

/** By WebSocket, with a path. */
export function webSocket(mqtt, { webSocketUrl }, print, done) {
  const client = mqtt.connect(webSocketUrl, { clientId: 'socketeer', protocolVersion: 5 })
  client.on('connect', () => client.subscribe('ws', () => client.publish('ws', 'by WebSocket')))
  client.on('message', (topic, payload) => {
    print(topic, payload.toString())
    client.end(false, done)
  })
}

/** The URL as an object, and its parts as options. */
export function parts(mqtt, { url }, print, done) {
  const { hostname, port } = new URL(url)
  const client = mqtt.connect({
    host: hostname,
    port: Number(port),
    protocol: 'mqtt',
    username: 'anna',
    password: 'secret',
  })
  client.once('connect', () => {
    print(client.options.host === hostname, client.options.keepalive, client.options.reconnectPeriod)
    print(client.options.protocolVersion, client.options.clean, client.options.clientId.startsWith('mqttjs_'))
    client.end(done)
  })
}
