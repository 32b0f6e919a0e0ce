// Workers share the messages of a queue. Each acknowledges a job when it is done, so the broker keeps back what they
// cannot take yet: at most four jobs are on their way to each worker.

import { createBroker } from '@curlew/broker'
import { connect } from '@curlew/client'

const broker = createBroker()
const { url } = await broker.listen({ protocol: 'mqtt', port: 0 })
const done = []

async function startWorker(name) {
  const worker = await connect(url, { clientId: name, receiveMaximum: 4 })
  await worker.subscribe('$share/workers/jobs', async message => {
    await new Promise(setImmediate) // the work
    done.push(`${name} has done ${message.text()}`)
  })
  return worker
}

const workers = await Promise.all(['anna', 'bert'].map(startWorker))
const boss = await connect(url)
const jobs = Array.from({ length: 20 }, (_, index) => `job ${index}`)
await Promise.all(jobs.map(job => boss.publish('jobs', job, { qos: 1 })))
while (done.length < jobs.length) await new Promise(setImmediate)
console.log(`${done.length} jobs are done`)

for (const client of [...workers, boss]) await client.close()
await broker.close()
