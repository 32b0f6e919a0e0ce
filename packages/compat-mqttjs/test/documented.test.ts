import { createBroker } from '@curlew/broker'
import { expect, onTestFinished, test, vi } from 'vitest'
import { testDocumentation } from '../../client/test/support/documented.suite.ts'
import { runExample } from '../../client/test/support/documented.ts'
import * as main from '../src/index.ts'

const modules = new Map([['packages/compat-mqttjs/src/index.ts', '@curlew/compat-mqttjs']])

/** What an example may use that it does not make itself. */
const surroundings: Readonly<Record<string, string>> = {
  client: "declare const client: import('@curlew/compat-mqttjs').MqttClient",
}

const examples = testDocumentation({
  modules,
  folder: 'packages/compat-mqttjs/test',
  surroundings,
  shown: ['function', 'class'],
  known: ['connect', 'connectAsync', 'MqttClient'],
})

for (const [index, { name, code }] of examples.entries()) {
  test(`example ${index}, of ${name}, runs`, async () => {
    const broker = createBroker()
    onTestFinished(() => broker.close())
    const { url } = await broker.listen({ protocol: 'mqtt', port: 0 })
    const clients: main.MqttClient[] = []
    const connect: typeof main.connect = (...words) => {
      const client = main.connect(...words)
      clients.push(client)
      return client
    }
    onTestFinished(() => clients.forEach(client => void client.end(true)))
    const client = await main.connectAsync(url, { clientId: 'me' })
    clients.push(client)
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    onTestFinished(() => void vi.restoreAllMocks())

    await runExample(code, { ...main, connect, client }, javascript =>
      javascript.replaceAll('mqtt://127.0.0.1:1883', url),
    )

    // What it has been told to do when it is connected, it does in the same turn; what it has begun, it ends before it goes.
    await vi.waitFor(() => expect(clients.every(each => each.connected || each.disconnecting)).toBe(true), 15_000)
    await Promise.all(clients.map(each => each.endAsync()))
    expect(log.mock.calls.flat().filter(value => value instanceof Error)).toEqual([])
  })
}
