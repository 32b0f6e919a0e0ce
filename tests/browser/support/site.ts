import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bundleClient } from './bundle.ts'

const host = '127.0.0.1'
const types: Record<string, string> = { html: 'text/html', js: 'text/javascript' }

/** A web site with the bundled client and the files of `pages/`. */
export class Site {
  readonly url: string
  readonly #server: Server

  private constructor(server: Server) {
    const { port } = server.address() as AddressInfo // A TCP server that listens has an AddressInfo.
    this.url = `http://${host}:${port}`
    this.#server = server
  }

  static async open(): Promise<Site> {
    const client = await bundleClient()
    const server = createServer(({ url = '/' }, response) => {
      const name = url.slice(1).replace(/\?.*/, '') || 'page.html'
      const type = types[name.split('.').at(-1)!]
      if (!type || !/^[a-z]+\.[a-z]+$/.test(name)) return response.writeHead(404).end()
      response.setHeader('content-type', `${type}; charset=utf-8`)
      if (name === 'client.js') return response.end(client)
      return response.end(readFileSync(new URL(`../pages/${name}`, import.meta.url)))
    })
    await new Promise<void>(resolve => server.listen(0, host, resolve))
    return new Site(server)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }
}
