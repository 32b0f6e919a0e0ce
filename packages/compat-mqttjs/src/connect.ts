import { MqttClient } from './mqtt-client.ts'
import { type IClientOptions, mergedOptions } from './options.ts'

/**
 * Connects as MQTT.js does: the client is there at once, and tells with `connect` when it is connected.
 *
 * @throws {Error} for an option or a protocol that is not covered
 * @example
 * const client = connect('mqtt://127.0.0.1:1883')
 * client.on('connect', () => client.publish('hello', 'world'))
 */
export function connect(url: string | IClientOptions, options?: IClientOptions): MqttClient {
  return new MqttClient(mergedOptions(url, options))
}

/**
 * As {@link connect}, as a promise.
 *
 * @param allowRetries `false` rejects when the first attempt fails
 * @example
 * const client = await connectAsync('mqtt://127.0.0.1:1883')
 * await client.publishAsync('hello', 'world', { qos: 1 })
 * await client.endAsync()
 */
export function connectAsync(
  url: string | IClientOptions,
  options?: IClientOptions,
  allowRetries = true,
): Promise<MqttClient> {
  return new Promise((resolve, reject) => {
    const client = connect(url, options)
    const forget = (): void => {
      for (const [event, listener] of Object.entries(listeners)) client.off(event, listener)
    }
    const succeed = (): void => {
      forget()
      resolve(client)
    }
    const fail = (error: Error): void => {
      forget()
      client.end()
      reject(error)
    }
    const listeners: Record<string, (error: Error) => void> = { connect: succeed, end: succeed, error: fail }
    if (!allowRetries) listeners['close'] = () => fail(new Error("Couldn't connect to server"))
    for (const [event, listener] of Object.entries(listeners)) client.on(event, listener)
  })
}
