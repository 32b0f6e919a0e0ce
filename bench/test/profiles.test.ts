import { expect, test } from 'vitest'
import { gcPausesOf } from '../macro/brokers/gc-pauses.ts'
import { type CpuProfile, frameTree, selfTimes } from '../macro/report/cpu-profile.ts'
import { flameGraph } from '../macro/report/flame-graph.ts'

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
