/** Whether only the Server itself may publish to a Topic Name (section 4.7.2). */
export function isReservedTopic(topic: string): boolean {
  if (topic.charCodeAt(0) !== 0x24) return false
  return topic === '$SYS' || topic.startsWith('$SYS/') || topic.startsWith('$share/')
}
