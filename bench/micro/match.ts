/**
 * `npm run bench:match`: how long the broker's topic tree takes for one topic, by the Subscriptions with wildcards in it. It should not
 * depend on them, but for the caches of the processor.
 */
import { median } from '../macro/statistics.ts'

/** What is used of `packages/broker/src/routing/topic-tree.ts`, which the package does not export. */
interface TopicTree {
  add(subscription: object): void
  match(topic: string): readonly object[]
}

const subscriptionCounts = [1_000, 10_000, 100_000, 1_000_000] as const
const TOPIC_COUNT = 1_000
const ROUNDS = 15
/** Matches in one round: long against the timer's grain. */
const MATCHES_PER_ROUND = 50_000

const url = new URL('../../../packages/broker/dist/routing/topic-tree.js', import.meta.url)
const { TopicTree } = (await import(url.href)) as { TopicTree: new () => TopicTree }
const tree = new TopicTree()
const subscriber = { clientId: 'bench' }

console.log('subscriptions   one matches    none matches   (ns per topic, medians)')
let filled = 0
for (const count of subscriptionCounts) {
  for (; filled < count; filled++) tree.add({ filter: filterAt(filled), qos: 0, subscriber })
  const stride = count / TOPIC_COUNT
  const matching = Array.from({ length: TOPIC_COUNT }, (_, index) => topicAt(Math.floor(index * stride)))
  const missing = matching.map((_, index) => `bench/wild/no${index}/none`)
  if (filled === subscriptionCounts[0]) warmUp(matching, missing)
  const cells = [count.toLocaleString('en').padStart(13), nanoseconds(matching, 1), nanoseconds(missing, 0)]
  console.log(cells.join('  '))
}

/** As the load of `npm run bench -- --only wildcards` has them. */
function filterAt(index: number): string {
  if (index % 3 === 0) return `bench/wild/${index}/+`
  return index % 3 === 1 ? `bench/wild/+/${index}` : `bench/wild/${index}/#`
}

function topicAt(index: number): string {
  return index % 3 === 1 ? `bench/wild/here/${index}` : `bench/wild/${index}/here`
}

/** So that the compiler has seen both kinds before the first time that counts. */
function warmUp(matching: readonly string[], missing: readonly string[]): void {
  nanoseconds(matching, 1)
  nanoseconds(missing, 0)
}

/** @param expected Subscriptions that match each topic @throws {Error} when others do */
function nanoseconds(topics: readonly string[], expected: number): string {
  const times = Array.from({ length: ROUNDS }, () => {
    const startMs = performance.now()
    let found = 0
    for (let index = 0; index < MATCHES_PER_ROUND; index++) found += tree.match(topics[index % topics.length]!).length
    const elapsedMs = performance.now() - startMs
    if (found !== expected * MATCHES_PER_ROUND) throw new Error(`${found} matches`)
    return (elapsedMs * 1e6) / MATCHES_PER_ROUND
  })
  return median(times).toFixed(0).padStart(12)
}
