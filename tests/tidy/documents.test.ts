import { expect, test } from 'vitest'
import { anchorsIn, brokenLinks, machineTraces } from './documents.ts'
import { readTree, treePaths } from './source-tree.ts'

test('links in documents lead to files and headings that exist', () => {
  expect(brokenLinks(readTree(/\.md$/), treePaths())).toEqual([])
})

test('no file names the machine it was written on', () => {
  expect(machineTraces(readTree(/./))).toEqual([])
})

const guide = { path: 'docs/guide/start.md', text: '# Start\n\n## First steps\n' }
const paths = ['README.md', 'docs/guide/start.md', 'docs/adr/0001-monorepo.md', 'package.json']

const links: [text: string, fault: string | undefined][] = [
  ['[start](docs/guide/start.md)', undefined],
  ['[start](./docs/guide/start.md#first-steps)', undefined],
  ['[decisions](docs/adr/) and [all](docs)', undefined],
  ['[the text](package.json "with a title")', undefined],
  ['[here](#top)', undefined],
  ['[elsewhere](https://mqtt.org/x.md) [mail](mailto:a@b.c)', undefined],
  ['`[code](nowhere.md)`', undefined],
  ['```\n[code](nowhere.md)\n```', undefined],
  ['[start](docs/guide/stop.md)', 'links to docs/guide/stop.md, which does not exist'],
  ['![picture](docs/map.png)', 'links to docs/map.png, which does not exist'],
  ['[a][1]\n\n[1]: docs/lost.md', 'links to docs/lost.md, which does not exist'],
  ['[up](../outside.md)', 'links to ../outside.md, which does not exist'],
  ['[start](docs/guide/start.md#last-steps)', 'links to docs/guide/start.md#last-steps, which has no such heading'],
  ['[here](#bottom)', 'links to #bottom, which has no such heading'],
]
for (const [text, fault] of links) {
  test(`${JSON.stringify(text)} is ${fault === undefined ? 'allowed' : 'found'}`, () => {
    const broken = brokenLinks([{ path: 'README.md', text: `# Top\n${text}\n` }, guide], paths)

    expect(broken.map(line => line.replace(/^\S+ /, ''))).toEqual(fault === undefined ? [] : [fault])
  })
}

test('links are relative to their own document', () => {
  const text = '[up](../../README.md) [beside](../adr/0001-monorepo.md) [wrong](docs/guide/start.md)'

  expect(brokenLinks([{ path: guide.path, text }], paths)).toEqual([
    'docs/guide/start.md:1 links to docs/guide/start.md, which does not exist',
  ])
})

test('headings have the anchors that GitHub gives them', () => {
  const text = '# Set up, run & test\n## `npm test`\n## A\n## A\n## [Linked](x.md) – it\n```\n# no heading\n```\n'

  expect([...anchorsIn(text)]).toEqual(['set-up-run--test', 'npm-test', 'a', 'a-1', 'linked--it'])
})

/** Written in two halves, because this file is checked as well. */
const join = (...halves: string[]): string => halves.join('')

const traces: [text: string, found: string | undefined][] = [
  [join('cd /wor', 'k/main'), join('/wor', 'k')],
  [join("open('/far", "m/x')"), join('/far', 'm')],
  [join('cd /wor', 'k'), join('/wor', 'k')],
  [join('https://registry', '.npmjs.org/ws'), join('registry', '.npmjs')],
  [join('deb http://deb', '.debian.org/debian'), join('deb', '.debian.org')],
  [join('/tmp/bash', '_jobs.0/1'), join('bash', '_jobs')],
  [join('how things wor', 'k/break, ../wor', 'k/x, a/wor', 'k/b, /wor', 'ks/'), undefined],
]
for (const [text, found] of traces) {
  test(`${found ?? 'a path of another kind'} is ${found === undefined ? 'allowed' : 'found'}`, () => {
    expect(machineTraces([{ path: 'a.md', text: `one\n${text}` }])).toEqual(
      found === undefined ? [] : [`a.md:2 names ${found}`],
    )
  })
}
