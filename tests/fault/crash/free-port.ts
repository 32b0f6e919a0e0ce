import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Unless told to, no system gives any of these away by itself, neither to connections nor to who asks for any port. */
const [FIRST, END] = [10_000, 32_000]
const ATTEMPTS = 100

/** Each process begins somewhere else, and gives no port twice in a row. */
let last = randomInt(FIRST, END)

/**
 * A port for a program that cannot choose one by itself. Nobody listens there; and as no system gives it away by itself, it is
 * still free when the program asks for it, however much goes on meanwhile.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    last = last + 1 < END ? last + 1 : FIRST
    const port = last
    if (await isFree(port, host)) return port
  }
  throw new Error(`no port from ${FIRST} to ${END - 1} is free on ${host}`)
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer().listen(port, host)
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
