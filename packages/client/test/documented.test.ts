import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBroker } from '@curlew/broker'
import * as v from 'valibot'
import { onTestFinished, test, vi } from 'vitest'
import * as fileOutbox from '../src/file-outbox.ts'
import * as inProcess from '../src/in-process.ts'
import * as main from '../src/index.ts'
import { testDocumentation } from './support/documented.suite.ts'
import { runExample } from './support/documented.ts'

/** The modules of the package, by what they are imported as. */
const modules = new Map([
  ['packages/client/src/index.ts', '@curlew/client'],
  ['packages/client/src/in-process.ts', '@curlew/client/in-process'],
  ['packages/client/src/file-outbox.ts', '@curlew/client/file-outbox'],
  ['packages/client/src/indexeddb-outbox.ts', '@curlew/client/indexeddb-outbox'],
])

/** What an example may use that it does not make itself. */
const surroundings: Readonly<Record<string, string>> = {
  broker: "declare const broker: import('@curlew/broker').Broker",
  client: "declare const client: import('@curlew/client').Client",
  createBroker: "import { createBroker } from '@curlew/broker'",
  subscription: "declare const subscription: import('@curlew/client').Subscription",
  url: 'declare const url: string',
  v: "import * as v from 'valibot'",
}

/** Examples that are compiled and not run. */
const unrun: Readonly<Record<string, string>> = { indexedDbOutbox: 'needs a browser' }

const examples = testDocumentation({
  modules,
  folder: 'packages/client/test',
  surroundings,
  shown: ['function'],
  known: ['connect'],
})

for (const [index, { name, code }] of examples.entries()) {
  const reason = unrun[name]
  test.skipIf(reason)(`example ${index}, of ${name}, runs${reason ? `: SKIPPED, it ${reason}` : ''}`, async () => {
    const broker = createBroker()
    onTestFinished(() => broker.close())
    const { url } = await broker.listen({ protocol: 'mqtt', port: 0 })
    const client = await main.connect(url)
    onTestFinished(() => client.close())
    await client.publish('home/kitchen/temperature', '21.5', { qos: 1, retain: true })
    await main.serve(client, 'clock/now', () => '12:00')
    const subscription = await client.subscribe('home/#')
    // A loop over a Subscription goes on until its Client is closed, which may be when there is something to print.
    vi.spyOn(console, 'log').mockImplementation(() => void client.close())
    onTestFinished(() => void vi.restoreAllMocks())

    await run(code, { broker, client, createBroker, subscription, url, v })
  })
}

/** Runs an example, with files and addresses of the test's own. @param given what it finds beside our exports */
async function run(code: string, { url, ...given }: Readonly<Record<string, unknown>>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'curlew-example-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const rewrite = (javascript: string): string =>
    javascript.replaceAll('mqtt://127.0.0.1:1883', String(url)).replaceAll("fileOutbox('", `fileOutbox('${folder}/`)
  await runExample(code, { ...main, ...inProcess, ...fileOutbox, ...given, url }, rewrite)
}
