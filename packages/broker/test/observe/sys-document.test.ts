import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sysTopicNames } from '../../src/observe/sys-values.ts'
import { version } from '../../src/observe/version.ts'

const read = (path: string): string => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8')

/** Names as the document has them: `load/sockets/1min` stands there as one row for its three periods. */
const documented = (name: string): string => name.replace(/\/(1|5|15)min$/, '/Nmin')

test('the reference has every topic, and no other, in the order of the source', () => {
  const rows = read('docs/reference/sys-topics.md').matchAll(/^\| `([^`]+)` +\| (\S.*\S) +\|$/gm)
  const names = [...rows].map(([, name]) => name!)

  expect(names).toEqual([...new Set(sysTopicNames.map(documented))])
})

test('the version is that of the package', () => {
  const { version: packaged } = JSON.parse(read('packages/broker/package.json')) as { version: string }

  expect(version).toBe(packaged)
})
