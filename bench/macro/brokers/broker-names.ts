/**
 * What is measured: a program, and behind a hyphen what it does about the disk.
 *
 * - `curlew`, `mosquitto`, `aedes`: nothing is stored
 * - `curlew-always`, `curlew-interval`: Curlew at that durability; `always` is its default
 * - `mosquitto-saving`: persistence on, at its defaults: all is saved every half hour and at the end
 * - `mosquitto-strict`: persistence as strict as it can be: all is saved after every round of its loop that changed something
 */
export const brokerNames = [
  ...(['curlew', 'mosquitto', 'aedes'] as const),
  ...(['curlew-always', 'curlew-interval', 'mosquitto-saving', 'mosquitto-strict'] as const),
] as const
export type BrokerName = (typeof brokerNames)[number]
export type Program = 'curlew' | 'mosquitto' | 'aedes'

/** The brokers of the scenarios in which nothing is stored. */
export const memoryBrokers = ['curlew', 'mosquitto', 'aedes'] as const satisfies readonly BrokerName[]

/** Those of the durable scenarios: Curlew as it is by default, beside itself in memory and all others. */
export const durableBrokers: readonly BrokerName[] = [
  ...(['curlew-always', 'curlew', 'mosquitto', 'mosquitto-saving', 'mosquitto-strict', 'aedes'] as const),
]

export const brokerTitles: Readonly<Record<BrokerName, string>> = {
  curlew: 'Curlew',
  mosquitto: 'Mosquitto',
  aedes: 'aedes',
  'curlew-always': 'Curlew always',
  'curlew-interval': 'Curlew interval',
  'mosquitto-saving': 'Mosquitto saving',
  'mosquitto-strict': 'Mosquitto strict',
}

export function programOf(name: BrokerName): Program {
  return name.split('-')[0] as Program
}

/** Whether anything is there after a restart. */
export function hasStore(name: BrokerName): boolean {
  return name.includes('-')
}
