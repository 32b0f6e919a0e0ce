/**
 * Whether a Topic Name matches a Topic Filter, section 4.7. Both are taken to be well formed, and the
 * filter to be without `$share/…`. Brokers match by tree; this is for clients and for checking trees.
 *
 *     sport/+/player  matches  sport/tennis/player
 *     sport/#         matches  sport and sport/tennis/player
 */
export function matchesTopicFilter(filter: string, topic: string): boolean {
  // Wildcards at the first level stay away from the Server's own topics.
  if (topic.startsWith('$') && (filter[0] === '+' || filter[0] === '#')) return false // [MQTT-4.7.2-1]
  let filterStart = 0
  let topicStart = 0
  for (;;) {
    const filterEnd = levelEnd(filter, filterStart)
    const level = filter.slice(filterStart, filterEnd)
    if (level === '#') return true
    const topicEnd = levelEnd(topic, topicStart)
    if (level !== '+' && level !== topic.slice(topicStart, topicEnd)) return false
    const isFilterAtEnd = filterEnd === filter.length
    const isTopicAtEnd = topicEnd === topic.length
    if (isFilterAtEnd) return isTopicAtEnd
    if (isTopicAtEnd) return filter.slice(filterEnd) === '/#' // the parent level belongs to it (section 4.7.1.2)
    filterStart = filterEnd + 1
    topicStart = topicEnd + 1
  }
}

function levelEnd(topic: string, start: number): number {
  const slash = topic.indexOf('/', start)
  return slash === -1 ? topic.length : slash
}
