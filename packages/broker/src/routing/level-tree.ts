/** One level of a {@link LevelTree}. */
export class LevelNode<Value> {
  readonly parent: LevelNode<Value> | undefined
  /** The level as it is written in its topic or filter. */
  readonly name: string
  /** The tree's clock as the node came. Children stand in their map in this order. */
  readonly createdAt: number
  /** The tree's clock as the value was set. */
  changedAt = 0
  children: Map<string, LevelNode<Value>> | undefined = undefined
  value: Value | undefined = undefined

  constructor(parent: LevelNode<Value> | undefined, name: string, createdAt: number) {
    this.parent = parent
    this.name = name
    this.createdAt = createdAt
  }
}

/**
 * Values by Topic Name or Topic Filter, one node per level. A node is there as long as there is a value at or below it. Nothing recurses,
 * so depth costs no stack.
 *
 * The tree has a clock that goes on with each node and each value. Whoever walks through it in several steps can tell by it
 * what has come since the first one.
 */
export class LevelTree<Value> {
  readonly root: LevelNode<Value> = new LevelNode<Value>(undefined, '', 0)
  #clock = 0

  get clock(): number {
    return this.#clock
  }

  /** Finds the node of a path, or creates it for a value to be set. */
  grow(path: string): LevelNode<Value> {
    let node = this.root
    for (const level of path.split('/')) {
      node.children ??= new Map()
      let child = node.children.get(level)
      if (child === undefined) {
        child = new LevelNode(node, level, ++this.#clock)
        node.children.set(level, child)
      }
      node = child
    }
    return node
  }

  find(path: string): LevelNode<Value> | undefined {
    let node: LevelNode<Value> | undefined = this.root
    for (const level of path.split('/')) {
      node = node.children?.get(level)
      if (node === undefined) return undefined
    }
    return node
  }

  set(node: LevelNode<Value>, value: Value): void {
    node.value = value
    node.changedAt = ++this.#clock
  }

  /** Takes the value away, and the nodes that lead nowhere any more, from the leaf up. */
  clear(node: LevelNode<Value>): void {
    node.value = undefined
    for (let empty = node; empty.parent !== undefined && isEmpty(empty); empty = empty.parent) {
      const { children } = empty.parent
      children!.delete(empty.name)
      if (children!.size === 0) empty.parent.children = undefined
    }
  }
}

function isEmpty({ value, children }: LevelNode<unknown>): boolean {
  return value === undefined && children === undefined
}
