import { type Broker, createBroker } from '@curlew/broker'
import { type Client, type ReceivedMessage, serve } from '@curlew/client'
import { connectInProcess } from '@curlew/client/in-process'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { within } from '../interop/support/bounded-wait.ts'
import { reportSkip } from '../interop/support/skips.ts'
import { missingChromium, startChromium } from './support/chromium.ts'
import { Site } from './support/site.ts'

const skipped = missingChromium && reportSkip('the client in a browser', missingChromium)

/** What `page.evaluate` runs in the browser, where the client is a global. */
declare const curlew: typeof import('@curlew/client') & typeof import('@curlew/client/indexeddb-outbox')
declare const Worker: new (
  url: string,
) => {
  onmessage: (event: { data: string[] }) => void
  onerror: (event: { message: string }) => void
  postMessage(message: unknown): void
}

describe.skipIf(missingChromium !== undefined)(`the client in Chromium${skipped ? ` ${skipped}` : ''}`, () => {
  let site: Site
  let browser: Browser
  let broker: Broker
  let url: string
  /** A client in this process, which sees what the browser does. */
  let observer: Client
  let page: Page

  beforeAll(async () => {
    site = await Site.open()
    browser = await startChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await site?.close()
  })
  beforeEach(async () => {
    broker = createBroker()
    url = (await broker.listen({ protocol: 'ws', host: '127.0.0.1', port: 0 })).url
    observer = await connectInProcess(broker)
    page = await browser.newPage()
    await page.goto(site.url)
  })
  afterEach(async () => {
    await page.context().close()
    await observer.close()
    await broker.close()
  })

  /** The first messages on a Topic Filter, to be asked for before they are sent. */
  async function messages(filter: string, count: number, timeoutMs?: number): Promise<Promise<ReceivedMessage[]>[]> {
    const subscription = await observer.subscribe(filter, { qos: 2 })
    const collect = async (): Promise<ReceivedMessage[]> => {
      const received: ReceivedMessage[] = []
      for await (const message of subscription) if (received.push(message) === count) break
      return received
    }
    return [within(collect(), () => `${count} messages on ${filter}`, timeoutMs)]
  }

  /** Resolves when a Client has connected, or is gone. */
  function event(name: 'connected' | 'disconnected', clientId: string): Promise<void> {
    const happened = new Promise<void>(resolve => {
      broker.on(name, client => client.clientId === clientId && resolve())
    })
    return within(happened, () => `${clientId} to be ${name}`)
  }

  /** An address where nobody listens any more. */
  async function deadUrl(): Promise<string> {
    const former = createBroker()
    const { url } = await former.listen({ protocol: 'ws', host: '127.0.0.1', port: 0 })
    await former.close()
    return url
  }

  for (const protocolVersion of [5, 4] as const) {
    test(`a page connects, subscribes and publishes (version ${protocolVersion})`, async () => {
      const received = await page.evaluate(
        async ([url, protocolVersion]) => {
          const client = await curlew.connect(url, { protocolVersion })
          const subscription = await client.subscribe('page/+', { qos: 2 })
          const texts = ['a', 'ü'.repeat(100_000), '☃']
          for (const qos of [0, 1, 2] as const) await client.publish(`page/${qos}`, texts[qos]!, { qos })
          const lengths: string[] = []
          for await (const { topic, qos, size } of subscription) {
            if (lengths.push(`${topic} ${qos} ${size}`) === 3) break
          }
          await client.close()
          return lengths
        },
        [url, protocolVersion] as const,
      )

      expect(received).toEqual(['page/0 0 1', 'page/1 1 200000', 'page/2 2 3'])
    })

    test(`a worker does the same (version ${protocolVersion})`, async () => {
      const received = await page.evaluate(
        options =>
          new Promise<string[]>((resolve, reject) => {
            const worker = new Worker('worker.js')
            worker.onmessage = ({ data }) => resolve(data)
            worker.onerror = ({ message }) => reject(new Error(message))
            worker.postMessage(options)
          }),
        { url, protocolVersion },
      )

      expect(received).toEqual(['QoS 0', 'QoS 1', 'QoS 2'])
    })
  }

  test('a Server that cannot be reached is an error of the client, not of the page', async () => {
    const faults: string[] = []
    page.on('pageerror', error => faults.push(error.message))

    const code = await page.evaluate(
      async url => {
        return curlew.connect(url, { reconnect: false }).catch(error => error.code)
      },
      await deadUrl(),
    )

    expect([code, faults]).toEqual(['ERR_TRANSPORT', []])
  })

  test('a request of the page is answered', async () => {
    await serve(observer, 'square', asked => String(Number(asked.text()) ** 2))

    const answer = await page.evaluate(async url => {
      const client = await curlew.connect(url)
      return (await curlew.request(client, 'square', '12')).text()
    }, url)

    expect(answer).toBe('144')
  })

  test('an outbox in IndexedDB survives a reload of the page', async () => {
    await page.evaluate(
      async url => {
        const outbox = curlew.indexedDbOutbox('till-3')
        const options = { clientId: 'till-3', outbox, startsOffline: true }
        const client = await curlew.connect(url, options)
        for (const [index, qos] of ([1, 2, 1, 2] as const).entries()) {
          void client.publish('sales', `sale ${index}`, { qos, properties: { contentType: 'text/plain' } })
        }
        await new Promise(resolve => outbox.settle(resolve))
      },
      await deadUrl(),
    )
    const [sales] = await messages('sales', 4)

    await page.reload()
    const left = await page.evaluate(async url => {
      const outbox = curlew.indexedDbOutbox('till-3')
      const client = await curlew.connect(url, { clientId: 'till-3', outbox })
      await client.drain()
      await client.close()
      return (await curlew.indexedDbOutbox('till-3').load()).messages.length
    }, url)

    const received = await sales!
    expect(received.map(message => `${message.text()} qos ${message.qos}`)).toEqual([
      'sale 0 qos 1',
      'sale 1 qos 2',
      'sale 2 qos 1',
      'sale 3 qos 2',
    ])
    expect(received[0]!.properties.contentType).toBe('text/plain')
    expect(left).toBe(0)
  })

  test('a tab that is closed leaves its Will', async () => {
    const [wills] = await messages('tab/state', 1)
    await page.evaluate(async url => {
      await curlew.connect(url, { will: { topic: 'tab/state', payload: 'closed' } })
    }, url)

    await page.close()

    expect((await wills!)[0]!.text()).toBe('closed')
  })

  test('a hidden tab, whose timers are throttled, keeps its connection alive', async () => {
    const [reports] = await messages('background/report', 1, 50_000)
    const connected = event('connected', 'background')
    const tabs = await browser.newBrowserCDPSession()
    const address = `${site.url}/background.html?url=${encodeURIComponent(url)}`
    const { targetId } = await tabs.send('Target.createTarget', { url: address })
    await connected
    const { targetId: cover } = await tabs.send('Target.createTarget', { url: 'about:blank' })

    const report = (await reports!)[0]!.json()
    for (const target of [targetId, cover]) await tabs.send('Target.closeTarget', { targetId: target })

    // Unthrottled, there would be hundreds of ticks; hidden, Chromium allows one or so a second.
    expect(report).toMatchObject({ visibility: 'hidden', losses: 0 })
    expect((report as { ticks: number }).ticks).toBeLessThan(50)
  })

  test('a page that stood still for too long comes back when it goes on', async () => {
    await page.evaluate(async url => {
      const client = await curlew.connect(url, { clientId: 'still', keepAlive: 1, reconnect: { delayMs: 10 } })
      Object.assign(globalThis, { client }) // what nobody holds could be collected
    }, url)
    const devTools = await page.context().newCDPSession(page)

    await devTools.send('Debugger.enable')
    const gone = event('disconnected', 'still')
    await devTools.send('Debugger.pause') // takes hold with the next thing that the page does, which is its ping
    await gone
    const back = event('connected', 'still')
    await devTools.send('Debugger.disable')
    await back
  })
})
