import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'

/** What a name has in DNS: priority, weight, port and target of each server. */
export type SrvAnswer = readonly [priority: number, weight: number, port: number, target: string]

const TYPE_SRV = 33
const NAME_ERROR = 3

/** A DNS server that knows SRV records and nothing else (RFC 1035, RFC 2782). It ends with its test. @returns its port */
export async function dnsServer(zone: Readonly<Record<string, readonly SrvAnswer[]>>): Promise<number> {
  const server = createSocket('udp4', (query, { port, address }) => {
    const end = query.indexOf(0, 12) + 5 // of the question: the name, its type and class
    const question = query.subarray(12, end)
    const answers = zone[nameIn(question)]
    const isAsked = question.readUInt16BE(question.length - 4) === TYPE_SRV
    const found = isAsked ? (answers ?? []) : []
    const header = Buffer.from(query.subarray(0, 12))
    header.writeUInt16BE(0x8580 | (answers ? 0 : NAME_ERROR), 2)
    header.writeUInt16BE(found.length, 6)
    header.writeUInt32BE(0, 8)
    server.send(Buffer.concat([header, question, ...found.map(record)]), port, address)
  })
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return server.address().port
}

function nameIn(question: Buffer): string {
  const labels: string[] = []
  for (let at = 0; question[at] !== 0; at += question[at]! + 1) {
    labels.push(question.toString('latin1', at + 1, at + 1 + question[at]!))
  }
  return labels.join('.').toLowerCase()
}

function record([priority, weight, port, target]: SrvAnswer): Buffer {
  const labels = target.split('.').filter(label => label !== '')
  const name = labels.flatMap(label => [label.length, ...Buffer.from(label)])
  const head = Buffer.alloc(18)
  head.writeUInt16BE(0xc00c, 0) // the name in the question
  head.writeUInt16BE(TYPE_SRV, 2)
  head.writeUInt16BE(1, 4)
  for (const [index, value] of [7 + name.length, priority, weight, port].entries())
    head.writeUInt16BE(value, 10 + 2 * index)
  return Buffer.concat([head, Buffer.from([...name, 0])])
}
