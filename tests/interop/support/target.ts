import { startMosquitto } from './mosquitto-broker.ts'

/** The broker under test. Everything is on loopback and on ports that were free. */
export interface Target {
  readonly host: string
  readonly mqttPort: number
  readonly webSocketPort: number
  close(): Promise<void>
}

const wanted = process.env['INTEROP_BROKER'] ?? 'curlew'

/** Whether the suite runs against its oracle instead of the broker it is for. */
export const isMosquittoTarget: boolean = wanted === 'mosquitto'

/**
 * Starts our broker in this process, or the Mosquitto of this machine when `INTEROP_BROKER=mosquitto`. The second is
 * the oracle that the suite itself is right.
 */
export async function startTarget(): Promise<Target> {
  if (isMosquittoTarget) return startMosquitto()
  if (wanted === 'curlew') return startCurlew()
  throw new Error(`INTEROP_BROKER is ${wanted}; it can be curlew or mosquitto`)
}

async function startCurlew(): Promise<Target> {
  // Imported late, so that the oracle needs no broker of ours.
  const { createBroker } = await import('@curlew/broker')
  const broker = createBroker({})
  const host = '127.0.0.1'
  const mqtt = await broker.listen({ protocol: 'mqtt', host, port: 0 })
  const webSocket = await broker.listen({ protocol: 'ws', host, port: 0 })
  return { host, mqttPort: mqtt.port, webSocketPort: webSocket.port, close: () => broker.close() }
}
