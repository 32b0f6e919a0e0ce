import type { CpuProfile, ProfileNode } from './cpu-profile.ts'

/** What the CPU time of a broker is spent on, told by the function that a sample was taken in. The first pattern that fits decides. */
const stages: readonly [stage: string, name: RegExp, url: RegExp][] = [
  ['kernel: writing', /^writev?(Buffer|Latin1String|Utf8String)?$/, /^$/],
  ['garbage collection', /^\(garbage collector\)$/, /^$/],
  ['host: event loop, kernel: reading', /^\(program\)$/, /^$/],
  ['codec: decoding', /./, /\/codec\/dist\/(.*decoder|reader|fixed-header|topic|.*\/decode)/],
  ['codec: encoding and packets', /./, /\/codec\/dist\//],
  ['protocol: messages and deliveries', /./, /\/protocol\/dist\//],
  ['broker: connection', /./, /\/broker\/dist\/(connection|runtime)\//],
  ['broker: routing', /./, /\/broker\/dist\/routing\//],
  ['broker: sessions', /./, /\/broker\/dist\/sessions\//],
  ['broker: store', /./, /\/broker\/dist\/store\//],
  ['broker: transport', /./, /\/broker\/dist\/transport\//],
  ['host: streams and timers', /./, /^node:/],
]
const OTHER = 'other'
const IDLE = '(idle)'

/** Shares of the time in which the process was not idle, by stage, in the order of a message's way; those below one in a thousand are left out. */
export function stageShares({
  nodes,
  samples,
  timeDeltas,
}: CpuProfile): { readonly stage: string; readonly share: number }[] {
  const byId = new Map(nodes.map(node => [node.id, node]))
  const us = new Map<string, number>()
  let totalUs = 0
  samples.forEach((id, index) => {
    const node = byId.get(id)
    const stage = node && stageOf(node)
    if (stage === undefined) return
    const delta = timeDeltas[index] ?? 0
    us.set(stage, (us.get(stage) ?? 0) + delta)
    totalUs += delta
  })
  return [...stages.map(([stage]) => stage), OTHER]
    .map(stage => ({ stage, share: (us.get(stage) ?? 0) / totalUs }))
    .filter(({ share }) => share >= 0.001)
}

/** @returns `undefined` for time that was not spent */
function stageOf({ callFrame: { functionName, url } }: ProfileNode): string | undefined {
  if (functionName === IDLE) return undefined
  const name = functionName === '' ? '(anonymous)' : functionName
  return stages.find(([, names, urls]) => names.test(name) && urls.test(url))?.[0] ?? OTHER
}
