import { expect, test } from 'vitest'
import { pingreq } from '../../packages/broker/test/support/packets.ts'
import { serverFor } from './support/rules.ts'

const server = serverFor()

for (const protocolVersion of [3, 4, 5] as const) {
  test(`[MQTT-3.12.4-1] [MQTT3-3.12.4-1] PINGREQ is answered by PINGRESP (version ${protocolVersion})`, async () => {
    const client = await server.connect({ protocolVersion })

    client.send(pingreq)

    expect(await client.next()).toBe('PINGRESP')
  })
}
