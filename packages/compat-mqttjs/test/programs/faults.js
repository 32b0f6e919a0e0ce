// Programs whose connection fails.

/** The broker goes and comes back: what happens, in which order. */
export function restart(mqtt, { url, stop, start }, print, done) {
  const client = mqtt.connect(url, { reconnectPeriod: 20 })
  let connections = 0
  let last = ''
  const tell = event => {
    if (event !== last) print(event) // how often it tries is a matter of time
    last = event
  }
  for (const event of ['offline', 'reconnect']) client.on(event, () => tell(event))
  client.on('error', error => error.code === 'ECONNREFUSED' || print(error.code))
  client.on('message', (topic, payload) => {
    print(topic, String(payload))
    client.end(() => done())
  })
  client.on('connect', async () => {
    connections++
    tell(`connect ${connections}`)
    if (connections > 1) return
    await client.subscribeAsync('restart', { qos: 1 })
    client.once('close', () => {
      print('close', client.connected)
      const back = new Promise(resolve => client.once('connect', resolve))
      client.publish('away', 'sent while away', { qos: 1 }, async error => {
        await back
        print('delivered', error)
        client.publish('restart', 'to the renewed subscription', { qos: 1 })
      })
      client.once('reconnect', () => {
        print('reconnecting', client.reconnecting)
        start()
      })
    })
    await stop()
  })
}

/** Nobody is there at all. */
export function nobody(mqtt, { deadUrl }, print, done) {
  const client = mqtt.connect(deadUrl, { reconnectPeriod: 20 })
  const events = []
  client.on('error', error => events.push(`error ${error.code}`))
  client.on('close', () => events.push('close'))
  client.on('offline', () => events.push('offline'))
  client.on('reconnect', () => {
    events.push('reconnect')
    if (events.filter(event => event === 'reconnect').length < 3) return
    for (const event of events) print(event)
    client.end(true, () => {
      print('ended', client.connected)
      done()
    })
  })
}

/** A single attempt. */
export async function once(mqtt, { deadUrl }, print, done) {
  await mqtt.connectAsync(deadUrl, { reconnectPeriod: 0 }).catch(error => print('rejected', error.code))
  const client = mqtt.connect(deadUrl, { reconnectPeriod: 0 })
  client.on('reconnect', () => print('reconnect'))
  client.on('close', () => {
    print('close', client.connected, client.reconnecting)
    done()
  })
}

/** The Server does not want us. */
export async function refused(mqtt, { refusingUrl }, print, done) {
  await mqtt.connectAsync(refusingUrl).catch(error => print('rejected', error.message, error.code))
  const client = mqtt.connect(refusingUrl, { username: 'anna', password: 'wrong', reconnectPeriod: 10 })
  client.on('reconnect', () => print('reconnect'))
  client.on('error', error => {
    print('error', error.message, error.code, client.connected)
    client.end(true, done)
  })
}

/** Without a place to wait, messages of QoS 0 fail; others can be taken back. */
export function unsent(mqtt, { deadUrl }, print, done) {
  const client = mqtt.connect(deadUrl, { queueQoSZero: false, reconnectPeriod: 1000 })
  client.publish('a', 'x', error => {
    print(error.message)
    client.publish('a', 'y', { qos: 1 }, failure => {
      print(failure.message)
      client.end(true, done)
    })
    client.removeOutgoingMessage(client.getLastMessageId())
  })
}
