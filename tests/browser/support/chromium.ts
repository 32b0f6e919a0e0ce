import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Browser } from 'playwright-core'

const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin']
const executable = folders.map(folder => join(folder, 'chromium')).find(path => existsSync(path))

/** Why there is no browser, or `undefined` if there is one. */
export const missingChromium: string | undefined = executable
  ? undefined
  : 'chromium is not installed: apt-get install chromium'

/** What Playwright turns off so that tests run alike in the background: here it is what is tested. */
const throttling = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
]

/** Starts Debian's Chromium, without a window, with background tabs throttled as users have them. */
export async function startChromium(): Promise<Browser> {
  const { chromium } = await import('playwright-core')
  return chromium.launch({
    executablePath: executable!,
    // A container has no user namespaces for its sandbox; all it loads is ours.
    chromiumSandbox: false,
    ignoreDefaultArgs: throttling,
  })
}
