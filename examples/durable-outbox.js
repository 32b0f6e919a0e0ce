// Messages that survive the process: published while there is no broker, delivered by the next run of the program.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBroker } from '@curlew/broker'
import { connect } from '@curlew/client'
import { fileOutbox } from '@curlew/client/file-outbox'

const folder = await mkdtemp(join(tmpdir(), 'outbox-'))
const path = join(folder, 'meter-7.outbox')

const first = await connect('mqtt://127.0.0.1:1', {
  clientId: 'meter-7',
  outbox: fileOutbox(path),
  startsOffline: true,
})
first.publish('meters/7', '1042 kWh', { qos: 1 }) // it waits: nobody is there
await first.close()

const broker = createBroker()
const { url } = await broker.listen({ protocol: 'mqtt', port: 0 })
const reader = await connect(url)
const readings = await reader.subscribe('meters/+')

const second = await connect(url, { clientId: 'meter-7', outbox: fileOutbox(path) })
const { value } = await readings.next()
console.log(value.topic, value.text())

for (const client of [reader, second]) await client.close()
await broker.close()
await rm(folder, { recursive: true })
