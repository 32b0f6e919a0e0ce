import { createBroker } from '@curlew/broker'
import { connect } from '@curlew/client'
import { onTestFinished, test } from 'vitest'
import { testDocumentation } from '../../client/test/support/documented.suite.ts'
import { runExample } from '../../client/test/support/documented.ts'
import * as main from '../src/index.ts'

const modules = new Map([['packages/testing/src/index.ts', '@curlew/testing']])

/** What an example may use that it does not make itself. */
const surroundings: Readonly<Record<string, string>> = {
  broker: "declare const broker: import('@curlew/testing').TestBroker",
  connect: "import { connect } from '@curlew/client'",
  createBroker: "import { createBroker } from '@curlew/broker'",
  kettle: "declare const kettle: import('@curlew/client').Client",
}

const examples = testDocumentation({
  modules,
  folder: 'packages/testing/test',
  surroundings,
  shown: ['function', 'class'],
  known: ['PacketLog', 'startTestBroker', 'TestBroker', 'VirtualTime'],
})

for (const [index, { name, code }] of examples.entries()) {
  test(`example ${index}, of ${name}, runs`, async () => {
    const broker = await main.startTestBroker({ time: 'virtual' })
    onTestFinished(() => broker.close())
    const kettle = await broker.client({ clientId: 'kettle', will: { topic: 'kettle', payload: 'gone' } })
    await kettle.subscribe('kettle/switch')

    await runExample(code, { ...main, connect, createBroker, broker, kettle })
  })
}
