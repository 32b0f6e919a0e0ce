// A publisher that a test kills at any moment. It is plain JavaScript, because it runs what is built, as an application does.
//
//     node publisher.js <port> <outbox> <first number> <messages, or 0 for as many as it can>
//
// Each line that it writes is written before anything else happens, so that no kill takes it back:
//
//     try 7       it is about to publish number 7
//     stored 7    the outbox has it on stable storage
//     done 7      the promise of `publish` has resolved
//     empty       nothing is left to be delivered; it ends

import { writeSync } from 'node:fs'
import { connect } from '@curlew/client'
import { fileOutbox } from '@curlew/client/file-outbox'

const [port, path, first, count] = process.argv.slice(2)

/** Messages that may wait for their acknowledgement at once. */
const UNDER_WAY_MAX = 40

const say = text => writeSync(1, `${text}\n`)
const numberIn = payload => Number(Buffer.from(payload).toString().split(';')[0])

/** The outbox, telling what it has stored. */
function telling(outbox) {
  let unsettled = []
  return {
    load: () => outbox.load(),
    append(message) {
      unsettled.push(numberIn(message.payload))
      outbox.append(message)
    },
    release: sequence => outbox.release(sequence),
    remove: sequence => outbox.remove(sequence),
    acceptIncoming: packetId => outbox.acceptIncoming(packetId),
    releaseIncoming: packetId => outbox.releaseIncoming(packetId),
    clearIncoming: () => outbox.clearIncoming(),
    settle(callback) {
      const numbers = unsettled
      unsettled = []
      outbox.settle(fault => {
        if (fault === undefined) for (const number of numbers) say(`stored ${number}`)
        callback(fault)
      })
    },
    close: () => outbox.close(),
  }
}

const client = await connect(`mqtt://127.0.0.1:${port}`, {
  clientId: 'publisher',
  outbox: telling(fileOutbox(path)),
  reconnect: { delayMs: 10, delayMaxMs: 50 },
})

const underWay = new Set()
for (let number = Number(first); count === '0' || number < Number(first) + Number(count); number++) {
  const qos = 1 + (number % 2)
  say(`try ${number}`)
  // Now and then a message that takes more than one write of a socket or a page of a file.
  const payload = `${number};`.padEnd(number % 37 === 0 ? 20_000 : 20, 'x')
  const delivery = client.publish(`out/${qos}`, payload, { qos }).then(() => {
    say(`done ${number}`)
    underWay.delete(delivery)
  })
  underWay.add(delivery)
  if (underWay.size >= UNDER_WAY_MAX) await Promise.race(underWay)
}
await Promise.all(underWay)
// What earlier lives left has no promise any more.
while (client.outbox.count > 0) await new Promise(setImmediate)
say('empty')
await client.close()
