import { createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A server that answers the first bytes of each connection with `answer`, in hexadecimal. @returns its port */
export async function stubServer(answer: string, then: (socket: Socket) => void = () => {}): Promise<number> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write(Buffer.from(answer, 'hex'))
      then(socket)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as { port: number }).port
}
