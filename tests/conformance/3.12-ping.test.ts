import { expect, test } from 'vitest'
import { pingreq } from '../../packages/broker/test/support/packets.ts'
import { allVersions, versions } from '../../packages/broker/test/support/versions.ts'
import { farewell } from './support/closing.ts'
import { serverFor } from './support/rules.ts'

const server = serverFor()

test.each(allVersions)(
  '[MQTT-3.12.4-1] [MQTT3-3.12.4-1] PINGREQ is answered by PINGRESP in %s',
  async ({ version }) => {
    const client = await server.connect({ protocolVersion: version })

    client.send(pingreq)

    expect(await client.next()).toBe('PINGRESP')
  },
)

test.each(versions)('[MQTT-3.12.4-1] [MQTT3-3.12.4-1] each PINGREQ has its PINGRESP in %s', async ({ version }) => {
  const client = await server.connect({ protocolVersion: version })

  client.send('c000*50')

  expect(await client.take(50)).toEqual(Array(50).fill('PINGRESP'))
})

/** With the Reason Code of 5.0; without one the Client is not told (ADR 0013). */
const wrong: [what: string, bytes: string, code?: string][] = [
  ['PINGREQ with flags', 'c1 00', '81'],
  ['PINGREQ with a payload', 'c0 01 00'],
  ['PINGRESP from a Client', 'd0 00', '82'],
  ['PINGRESP with a payload from a Client', 'd0 01 00'],
  ['PINGRESP with flags from a Client', 'd1 00', '81'],
]
for (const version of versions) {
  test.each(wrong)(`%s ends the connection in ${version}`, async (_, bytes, code) => {
    const client = await server.connect({ protocolVersion: version.version })

    client.send(bytes)

    expect(await client.closing()).toEqual(code === undefined ? [] : farewell(version.version, code))
  })
}
