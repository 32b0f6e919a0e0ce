import type { StateCounts } from '@curlew/broker'

/** Such as `2 Sessions with 3 Subscriptions, 1 queued message and 0 incoming Packet Identifiers; 4 retained messages`. */
export function stateSummary({ sessions, subscriptions, queued, incoming, retained }: StateCounts): string {
  const own = `${counted(subscriptions, 'Subscription')}, ${counted(queued, 'queued message')}`
  const identifiers = counted(incoming, 'incoming Packet Identifier')
  return `${counted(sessions, 'Session')} with ${own} and ${identifiers}; ${counted(retained, 'retained message')}`
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
