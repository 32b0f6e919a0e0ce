import { expect, test } from 'vitest'
import { gcPausesOf } from '../macro/brokers/gc-pauses.ts'
import { type CpuProfile, frameTree, selfTimes } from '../macro/report/cpu-profile.ts'
import { flameGraph } from '../macro/report/flame-graph.ts'
import { stageShares } from '../macro/report/stages.ts'

const frame = (functionName: string) => ({ functionName, url: '', lineNumber: 0 })
/** `main` calls `work` from two places; the program is idle for most of the time. */
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 5] },
    { id: 2, callFrame: frame('main'), children: [3, 4] },
    { id: 3, callFrame: frame('work') },
    { id: 4, callFrame: frame('work') },
    { id: 5, callFrame: frame('(idle)') },
  ],
  samples: [2, 3, 4, 5],
  timeDeltas: [10, 20, 30, 1000],
}

test('calls of one function from one other are one frame, and idling is none', () => {
  const root = frameTree(profile)

  expect(root.totalUs).toBe(60)
  expect(root.children.get('main')).toMatchObject({ selfUs: 10, totalUs: 60 })
  expect(root.children.get('main')?.children.get('work')).toMatchObject({ selfUs: 50, totalUs: 50 })
})

test('self times begin with the largest', () => {
  expect(selfTimes(frameTree(profile))).toEqual([
    { label: 'work', us: 50 },
    { label: 'main', us: 10 },
  ])
})

test('time is told by stage, without idling', () => {
  const of = (id: number, functionName: string, url: string) => ({
    id,
    callFrame: { functionName, url, lineNumber: 0 },
  })
  const nodes = [
    of(1, '(idle)', ''),
    of(2, 'writeBuffer', ''),
    of(3, 'next', 'file:///x/packages/codec/dist/stream-decoder.js'),
    of(4, 'writePublish', 'file:///x/packages/codec/dist/packets/publish.js'),
    of(5, 'deliver', 'file:///x/packages/broker/dist/sessions/session.js'),
    of(6, 'onStreamRead', 'node:internal/stream_base_commons'),
    of(7, 'main', 'file:///x/bench/dist/macro/brokers/launch-curlew.js'),
  ]
  const shares = stageShares({ nodes, samples: [1, 2, 3, 4, 5, 6, 7], timeDeltas: [900, 40, 10, 10, 20, 10, 10] })

  expect(shares).toEqual([
    { stage: 'kernel: writing', share: 0.4 },
    { stage: 'codec: decoding', share: 0.1 },
    { stage: 'codec: encoding and packets', share: 0.1 },
    { stage: 'broker: sessions', share: 0.2 },
    { stage: 'host: streams and timers', share: 0.1 },
    { stage: 'other', share: 0.1 },
  ])
})

test('a flame graph is a page of its own, in which names are text', () => {
  const page = flameGraph('a<b', frameTree(profile))

  expect(page).toContain('<h1>a&lt;b</h1>')
  expect(page).toContain('width:83.333%')
  expect(page).not.toMatch(/src=|href=/)
})

test('pauses are summed, the longest first, and garbage is spread over the messages', () => {
  const collection = (cost: number, before: number, after: number) =>
    ({
      ...{ gcType: 'Scavenge', cost },
      beforeGC: { heapStatistics: { usedHeapSize: before } },
      afterGC: { heapStatistics: { usedHeapSize: after } },
    }) as Parameters<typeof gcPausesOf>[0]['statistics'][number]
  const statistics = [collection(1500, 900, 100), collection(4000, 500, 300), collection(500, 10, 20)]

  expect(gcPausesOf({ statistics }, 100)).toEqual({
    ...{ count: 3, totalMs: 6, longestMs: [4, 1.5, 0.5], freedBytes: 1000, bytesPerMessage: 10 },
  })
  expect(gcPausesOf({ statistics: [] }, 0)).toMatchObject({ count: 0, bytesPerMessage: 0 })
})
