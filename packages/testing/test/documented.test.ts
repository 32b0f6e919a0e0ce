import { createBroker } from '@curlew/broker'
import { connect } from '@curlew/client'
import { expect, onTestFinished, test } from 'vitest'
import { documentedIn, examplesOf, faultsIn, modulesOf, runExample } from '../../client/test/support/documented.ts'
import * as main from '../src/index.ts'

const modules = new Map([['packages/testing/src/index.ts', '@curlew/testing']])

/** What an example may use that it does not make itself. */
const surroundings: Readonly<Record<string, string>> = {
  broker: "declare const broker: import('@curlew/testing').TestBroker",
  connect: "import { connect } from '@curlew/client'",
  createBroker: "import { createBroker } from '@curlew/broker'",
  kettle: "declare const kettle: import('@curlew/client').Client",
}

const documented = documentedIn([...modules.keys()])

test('every function, class and method that the package exports has a docstring', () => {
  expect(documented.filter(({ text }) => text === '').map(({ name }) => name)).toEqual([])
})

test('every function and class that the package exports has an example', () => {
  const shown = documented.filter(({ kind }) => kind !== 'method')

  expect(shown.filter(({ examples }) => examples.length === 0).map(({ name }) => name)).toEqual([])
  expect(shown.map(({ name }) => name)).toEqual(['PacketLog', 'startTestBroker', 'TestBroker', 'VirtualTime'])
})

const examples = examplesOf(documented)

/** TypeScript reads everything that an example imports, which takes a busy machine longer than a test may. */
const COMPILE_MS_MAX = 60_000

test(
  'the examples compile as strictly as the rest',
  () => {
    expect(faultsIn(modulesOf(examples, 'packages/testing/test', modules, surroundings))).toEqual([])
  },
  COMPILE_MS_MAX,
)

for (const [index, { name, code }] of examples.entries()) {
  test(`example ${index}, of ${name}, runs`, async () => {
    const broker = await main.startTestBroker({ time: 'virtual' })
    onTestFinished(() => broker.close())
    const kettle = await broker.client({ clientId: 'kettle', will: { topic: 'kettle', payload: 'gone' } })
    await kettle.subscribe('kettle/switch')

    await runExample(code, { ...main, connect, createBroker, broker, kettle })
  })
}
