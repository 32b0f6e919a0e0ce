import { type Message, matchesTopicFilter } from '@curlew/protocol'
import type { LevelNode, LevelTree } from './level-tree.ts'

/** Who says how far a search may go on now. */
export interface SearchAllowance {
  /** Allows to look at one more node, or not in this turn. */
  take(): boolean
}

/** A node whose children are being looked at. */
interface Step {
  readonly node: LevelNode<Message>
  readonly children: Iterator<LevelNode<Message>>
  /** `createdAt` of the child that was looked at last. */
  lastCreatedAt: number
}

const noChildren: Iterator<LevelNode<Message>> = [][Symbol.iterator]()

/**
 * Looks for the nodes that match a Topic Filter, a few at a time, while messages come and go. It meets each node that was there when it
 * began and is there when its turn comes, once.
 *
 * It goes down before it goes on (depth first), a node before its children, children in the order in which they came to be. So it need not
 * remember where it has been: of any node the path says whether it still lies ahead. `#steps` leads from the root to where it stands:
 *
 *     filter +/b/#      root ─┬─ a ── b ── …     done
 *                             ├─ c ── b ─┬─ d    done          #steps: root, c, b
 *                             │          └─ e    ahead
 *                             └─ f ── b ── …     ahead
 *
 * Maps are made for this: an iterator passes over what has been removed. What has been added stands at the end, where it is
 * recognised by its time and the search of that map ends, however much is being added.
 */
export class RetainedSearch {
  readonly filter: string
  /** The clock of the tree when the search began. */
  readonly beganAt: number
  readonly #levels: readonly string[]
  /** From this depth on everything matches: where `#` stands; with no `#`, nowhere. */
  readonly #openDepth: number
  readonly #steps: Step[] = []

  constructor(tree: LevelTree<Message>, filter: string) {
    this.filter = filter
    this.beganAt = tree.clock
    this.#levels = filter.split('/')
    this.#openDepth = this.#levels.at(-1) === '#' ? this.#levels.length - 1 : Number.POSITIVE_INFINITY
    this.#enter(tree.root)
  }

  get isFinished(): boolean {
    return this.#steps.length === 0
  }

  /** The next node that matches and has a message; `undefined` when there is none or the allowance is used up. */
  next(allowance: SearchAllowance): LevelNode<Message> | undefined {
    for (let step = this.#steps.at(-1); step !== undefined; step = this.#steps.at(-1)) {
      if (!allowance.take()) return undefined
      const { value: child } = step.children.next()
      if (child === undefined || child.createdAt > this.beganAt) {
        this.#steps.pop()
        continue
      }
      step.lastCreatedAt = child.createdAt
      const depth = this.#steps.length
      // Wildcards at the first level stay away from topics that begin with $ [MQTT-4.7.2-1].
      if (depth === 1 && this.#isWild(0) && child.name.charCodeAt(0) === 0x24) continue
      this.#enter(child)
      const isMatch = depth >= this.#openDepth || depth === this.#levels.length
      if (isMatch && child.value !== undefined) return child
    }
    return undefined
  }

  /** Whether the search will come to this node of the tree. */
  isAhead(node: LevelNode<Message>, topic: string): boolean {
    if (this.isFinished || node.createdAt > this.beganAt || !matchesTopicFilter(this.filter, topic)) return false
    const path: LevelNode<Message>[] = []
    for (let level = node; level.parent !== undefined; level = level.parent) path.push(level)
    path.reverse()
    for (const [index, level] of path.entries()) {
      const step = this.#steps[index + 1]
      if (step === undefined) return level.createdAt > this.#steps[index]!.lastCreatedAt
      if (step.node !== level) return level.createdAt > step.node.createdAt
    }
    return false // it is where the search stands, or above
  }

  #enter(node: LevelNode<Message>): void {
    this.#steps.push({ node, children: this.#childrenOf(node, this.#steps.length), lastCreatedAt: 0 })
  }

  /** Those children that can lead to a match. @param depth of the node; the root is at 0 */
  #childrenOf({ children }: LevelNode<Message>, depth: number): Iterator<LevelNode<Message>> {
    if (children === undefined) return noChildren
    if (this.#isWild(depth)) return children.values()
    const child = children.get(this.#levels[depth] ?? '')
    return child === undefined || depth >= this.#levels.length ? noChildren : [child].values()
  }

  #isWild(depth: number): boolean {
    return depth >= this.#openDepth || this.#levels[depth] === '+'
  }
}
