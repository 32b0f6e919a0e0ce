import type { Connection } from './connection.ts'

/** Connections opened at a time: fewer than the shortest backlog of the brokers compared. */
const CONNECTING_MAX = 50

/** Creates and connects them, some at a time. @param cleanStart false: with Sessions that stay */
export async function openInGroups<T extends Connection>(
  count: number,
  cleanStart: boolean,
  create: (index: number) => T,
): Promise<T[]> {
  const opened: T[] = []
  while (opened.length < count) {
    const first = opened.length
    const group = Array.from({ length: Math.min(CONNECTING_MAX, count - first) }, (_, index) => create(first + index))
    await Promise.all(group.map(connection => connection.connect(cleanStart)))
    opened.push(...group)
  }
  return opened
}

export async function closeAll(connections: readonly Connection[]): Promise<void> {
  await Promise.all(connections.map(connection => connection.close()))
}
