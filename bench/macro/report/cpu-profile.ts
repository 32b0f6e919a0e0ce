import { fileURLToPath } from 'node:url'

/** What V8 writes into a `.cpuprofile`, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  /** Microseconds from one sample to the next. */
  readonly timeDeltas: readonly number[]
}

export interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

/** A function, called from where its parent says, with all that it called. */
export interface Frame {
  readonly label: string
  selfUs: number
  /** Of the function and all that it called. */
  totalUs: number
  readonly children: Map<string, Frame>
}

const IDLE = '(idle)'

/** Calls of the same function from the same place are one frame. Idle time is left out. */
export function frameTree({ nodes, samples, timeDeltas }: CpuProfile): Frame {
  const selfUs = new Map<number, number>()
  samples.forEach((id, index) => {
    selfUs.set(id, (selfUs.get(id) ?? 0) + (timeDeltas[index] ?? 0))
  })
  const byId = new Map(nodes.map(node => [node.id, node]))
  const root = emptyFrame('all')
  const add = (id: number, parent: Frame): number => {
    const node = byId.get(id)
    if (node === undefined) return 0
    const label = labelOf(node)
    if (label === IDLE) return 0
    const frame = parent.children.get(label) ?? emptyFrame(label)
    parent.children.set(label, frame)
    const own = selfUs.get(id) ?? 0
    const total = (node.children ?? []).reduce((sum, child) => sum + add(child, frame), own)
    frame.selfUs += own
    frame.totalUs += total
    return total
  }
  root.totalUs = nodes[0] === undefined ? 0 : (nodes[0].children ?? []).reduce((sum, id) => sum + add(id, root), 0)
  return root
}

/** Self time by function, most first. */
export function selfTimes(root: Frame): { readonly label: string; readonly us: number }[] {
  const times = new Map<string, number>()
  const visit = (frame: Frame): void => {
    if (frame.selfUs > 0) times.set(frame.label, (times.get(frame.label) ?? 0) + frame.selfUs)
    for (const child of frame.children.values()) visit(child)
  }
  visit(root)
  return [...times].map(([label, us]) => ({ label, us })).sort((a, b) => b.us - a.us)
}

function emptyFrame(label: string): Frame {
  return { label, selfUs: 0, totalUs: 0, children: new Map() }
}

function labelOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const file = url.startsWith('file:') ? fileURLToPath(url).split('/').slice(-4).join('/') : url
  return `${name}  ${file}:${lineNumber + 1}`
}
