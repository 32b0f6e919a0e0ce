import { connect, serve } from '@curlew/client'

/** Messages that go out at once, and how many such batches may be on their way. */
const BATCH = 1_000
const BATCHES_AHEAD = 2

/** The other end of what is measured: `flood-0` and `flood-1` send when they are told to, `responder` answers requests. */
const [url, role, payloadBytes] = process.argv.slice(2)
const client = await connect(url!)
const payload = new Uint8Array(Number(payloadBytes))

if (role === 'responder') await serve(client, 'bench/echo', request => request.payload, { concurrency: 100 })
else await flood(role === 'flood-1' ? 1 : 0)
process.stdout.write('ready\n')
process.stdin.resume().on('end', () => process.exit())

/** Sends as many messages as it is asked for, always a little ahead of the receiver: none is dropped, and it never waits. */
async function flood(qos: 0 | 1): Promise<void> {
  let left = 0
  const send = (): void => {
    const some = Math.min(BATCH, left)
    left -= some
    for (let index = 0; index < some; index++) void client.publish('bench/in', payload, { qos })
  }
  await client.subscribe('bench/more', () => send())
  await client.subscribe('bench/begin', message => {
    left = Number(message.text())
    for (let batch = 0; batch < BATCHES_AHEAD; batch++) send()
  })
}
