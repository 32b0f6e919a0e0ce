import { request } from 'node:http'
import type { Socket } from 'node:net'
import { encodePacket } from '@curlew/codec'
import { onTestFinished } from 'vitest'
import { connectPacket } from './raw-client.ts'

/** What came of an attempt to speak MQTT over WebSocket. */
export interface UpgradeAnswer {
  readonly status: number | undefined
  readonly subProtocol: string | undefined
  /** Packet type, from the first byte of the first frame. */
  readonly connackType: number
}

/** Opens a WebSocket, sends CONNECT in one frame and waits for the frame that answers it. */
export function upgrade(port: number, path: string, offered: string | undefined): Promise<UpgradeAnswer> {
  const headers: Record<string, string> = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  if (offered !== undefined) headers['sec-websocket-protocol'] = offered
  return new Promise((resolve, reject) => {
    const attempt = request({ host: '127.0.0.1', port, path, headers })
    attempt.on('error', reject)
    attempt.on('response', ({ statusCode }) => reject(new Error(`HTTP ${statusCode} instead of an upgrade`)))
    attempt.on('upgrade', async (response, socket: Socket, head) => {
      onTestFinished(() => {
        socket.destroy()
      })
      socket.write(maskedFrame(encodePacket(connectPacket('reader', 4), 4)))
      const frame = head.length > 0 ? head : await new Promise<Buffer>(read => socket.once('data', read))
      resolve({
        status: response.statusCode,
        subProtocol: response.headers['sec-websocket-protocol'],
        connackType: frame[2]! >> 4,
      })
    })
    attempt.end()
  })
}

/** One binary frame as clients must send it, with a mask (of zeros, so that the payload stays readable). */
function maskedFrame(payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0x82, 0x80 | payload.length, 0, 0, 0, 0), payload])
}
