// Programs that use what MQTT 5.0 has.

const version5 = { protocolVersion: 5 }

/** Properties of a message, both ways. */
export async function properties(mqtt, { url }, print, done) {
  const client = await mqtt.connectAsync(url, version5)
  client.on('message', (_topic, _payload, packet) => {
    for (const name of Object.keys(packet.properties).sort()) print(name, packet.properties[name])
    client.end(done)
  })
  await client.subscribeAsync('properties', { qos: 1, properties: { subscriptionIdentifier: 7 } })
  await client.publishAsync('properties', 'x', {
    qos: 1,
    properties: {
      payloadFormatIndicator: true,
      messageExpiryInterval: 3600,
      contentType: 'text/plain',
      responseTopic: 'answers',
      correlationData: Buffer.from([1, 2, 255]),
      userProperties: { unit: 'K', tag: ['a', 'b'] },
    },
  })
}

/** Requests and responses by hand. */
export async function requests(mqtt, { url }, print, done) {
  const server = await mqtt.connectAsync(url, version5)
  server.on('message', (_topic, payload, { properties: { responseTopic, correlationData } }) => {
    server.publish(responseTopic, String(Number(payload) ** 2), { properties: { correlationData } })
  })
  await server.subscribeAsync('square')
  const asker = await mqtt.connectAsync(url, version5)
  asker.on('message', async (topic, payload, packet) => {
    print(topic, String(payload), packet.properties.correlationData)
    await Promise.all([asker.endAsync(), server.endAsync()])
    done()
  })
  await asker.subscribeAsync('answers/asker')
  asker.publish('square', '12', { properties: { responseTopic: 'answers/asker', correlationData: Buffer.from('7') } })
}

/** Subscription options. */
export async function options(mqtt, { url }, print, done) {
  const [client, other] = [await mqtt.connectAsync(url, version5), await mqtt.connectAsync(url, version5)]
  await other.publishAsync('options', 'before', { qos: 1, retain: true })
  print(await client.subscribeAsync('options', { qos: 1, nl: true, rap: true, rh: 2 }))
  client.on('message', async (topic, payload, { retain }) => {
    print(topic, String(payload), retain)
    await Promise.all([client.endAsync(), other.endAsync()])
    done()
  })
  await client.publishAsync('options', 'own', { qos: 1 })
  await other.publishAsync('options', 'other', { qos: 1, retain: true })
}

/** What the CONNACK of 5.0 says, and what a Server refuses. */
export async function refusals(mqtt, { strictUrl }, print, done) {
  const client = mqtt.connect(strictUrl, version5)
  client.on('connect', async connack => {
    print(
      connack.reasonCode,
      connack.properties.sharedSubscriptionAvailable,
      client.serverProperties === connack.properties,
    )
    client.publish('nobody/listens', '', { qos: 1 }, error => {
      print('no subscribers', error)
      client.end(done)
    })
  })
}

/** A Will that waits, and a Session that lives on. */
export async function expiry(mqtt, { url }, print, done) {
  const connection = { ...version5, clientId: 'expiring', clean: false, properties: { sessionExpiryInterval: 100 } }
  const first = await mqtt.connectAsync(url, connection)
  await first.subscribeAsync('kept', { qos: 1 })
  await first.endAsync()
  const second = mqtt.connect(url, connection)
  second.once('connect', ({ sessionPresent }) => {
    print('present', sessionPresent)
    second.end(false, { properties: { sessionExpiryInterval: 0 } }, () => {
      const third = mqtt.connect(url, connection)
      third.once('connect', connack => {
        print('present', connack.sessionPresent)
        third.end(done)
      })
    })
  })
}
