/** One level of the tree. */
interface Node<Value> {
  readonly children: Map<string, Node<Value>>
  /** What belongs to the filter that ends here. */
  value: Value | undefined
}

const emptyNode = <Value>(): Node<Value> => ({ children: new Map(), value: undefined })

/**
 * Values by Topic Filter, one node per level:
 *
 *     sport/+/score   sport/#            sport ─┬─ + ── score
 *                                               └─ #
 *
 * It is as deep as the deepest filter of the application, whatever topics come.
 */
export class TopicTree<Value> {
  readonly #root = emptyNode<Value>()

  get(filter: string): Value | undefined {
    let node: Node<Value> | undefined = this.#root
    for (const level of filter.split('/')) node = node?.children.get(level)
    return node?.value
  }

  set(filter: string, value: Value): void {
    let node = this.#root
    for (const level of filter.split('/')) {
      let child = node.children.get(level)
      if (!child) {
        child = emptyNode()
        node.children.set(level, child)
      }
      node = child
    }
    node.value = value
  }

  /** Nodes that lead nowhere any more go with it. */
  delete(filter: string): void {
    remove(this.#root, filter.split('/'), 0)
  }

  /** All values whose filter matches a Topic Name (section 4.7). */
  match(topic: string): Value[] {
    const found: Value[] = []
    collect(this.#root, topic, 0, found)
    return found
  }
}

function remove<Value>(node: Node<Value>, levels: readonly string[], depth: number): void {
  const level = levels[depth]
  if (level === undefined) {
    node.value = undefined
    return
  }
  const child = node.children.get(level)
  if (!child) return
  remove(child, levels, depth + 1)
  if (child.value === undefined && child.children.size === 0) node.children.delete(level)
}

/** @param start of the level below `node`; behind the topic's end when there is none */
function collect<Value>({ children, value }: Node<Value>, topic: string, start: number, found: Value[]): void {
  const isReserved = start === 0 && topic[0] === '$' // [MQTT-4.7.2-1]
  if (!isReserved) add(children.get('#'), found) // also at the topic's end: `a/#` matches `a` (section 4.7.1.2)
  if (start > topic.length) {
    if (value !== undefined) found.push(value)
    return
  }
  const slash = topic.indexOf('/', start)
  const end = slash === -1 ? topic.length : slash
  const literal = children.get(topic.slice(start, end))
  if (literal) collect(literal, topic, end + 1, found)
  const single = isReserved ? undefined : children.get('+')
  if (single) collect(single, topic, end + 1, found)
}

function add<Value>(node: Node<Value> | undefined, found: Value[]): void {
  if (node?.value !== undefined) found.push(node.value)
}
