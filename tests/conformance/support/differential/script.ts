import type { ProtocolVersion, Publish, PublishProperties, QoS, SubscriptionRequest } from '@curlew/codec'

/** A play for two clients, the same for every broker: packets and closures, with no word about time. */
export interface Script {
  /** Of each client, for the whole script. */
  readonly versions: readonly [ProtocolVersion, ProtocolVersion]
  readonly steps: readonly Step[]
}

export type ClientIndex = 0 | 1

export interface ScriptedWill {
  readonly topic: string
  readonly qos: QoS
  readonly retain: boolean
  /** Seconds: at once, or longer than any script plays. */
  readonly delay: 0 | 600
}

/**
 * Which of the deliveries it has got a client acknowledges, and how: all in order, only the one that comes last by name,
 * all of them twice, or with the packet of the other QoS.
 */
export type Manner = 'all' | 'one' | 'twice' | 'wrong'

export type Step = { readonly client: ClientIndex } & (
  | { readonly kind: 'connect'; readonly cleanStart: boolean; readonly expiry: number; readonly will?: ScriptedWill }
  | { readonly kind: 'subscribe'; readonly requests: readonly SubscriptionRequest[]; readonly identifier?: number }
  | { readonly kind: 'unsubscribe'; readonly filters: readonly string[] }
  | ({
      readonly kind: 'publish'
      readonly payload: string
      readonly isReleased: boolean
      readonly properties: PublishProperties
    } & Pick<Publish, 'topic' | 'qos' | 'retain' | 'dup' | 'packetId'>)
  | { readonly kind: 'release'; readonly packetId: number }
  | { readonly kind: 'acknowledge'; readonly manner: Manner }
  | { readonly kind: 'disconnect'; readonly reasonCode: 0 | 4; readonly expiry?: number }
  | { readonly kind: 'drop' }
  | { readonly kind: 'bytes'; readonly name: string; readonly bytes: string }
)

/** A step in one line. */
export function stepText({ client, kind, ...rest }: Step): string {
  const fields = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return [`client ${client}:`, kind, ...fields].join(' ')
}

export function scriptText({ versions, steps }: Script): string {
  return [`versions ${versions.join(' and ')}`, ...steps.map((step, index) => `${index + 1}. ${stepText(step)}`)].join(
    '\n',
  )
}
