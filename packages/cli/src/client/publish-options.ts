import type { PublishOptions } from '@curlew/client'
import type { QoS } from '@curlew/codec'
import type { ClientFlags } from './client-flags.ts'
import { noPacketProperties } from './connect-options.ts'

/** How the flags want a message to be published. The number of a Topic Alias is the client library's own choice. */
export function publishOptions({ qos, property }: ClientFlags, retain: boolean): PublishOptions {
  const { topicAlias: _, ...properties } = (property ?? noPacketProperties).publish
  return { qos: qos as QoS, retain, properties }
}
