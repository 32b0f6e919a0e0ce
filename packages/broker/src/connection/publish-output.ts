import { type ProtocolVersion, type PublishHeader, publishSize } from '@curlew/codec'
import { type Message, OutgoingTopicAliases } from '@curlew/protocol'
import type { Output } from './output.ts'

/** How PUBLISH packets go to one Client: within the Maximum Packet Size and with the Topic Aliases that it announced. */
export class PublishOutput {
  readonly #output: Output
  readonly #version: ProtocolVersion
  /** Bytes. */
  readonly #maximumPacketSize: number
  readonly #aliases: OutgoingTopicAliases | undefined

  /**
   * @param maximumPacketSize bytes; infinity if the Client has no limit
   * @param aliasMaximum Topic Aliases that may be set; 0 for none [MQTT-3.1.2-27]
   */
  constructor(output: Output, version: ProtocolVersion, maximumPacketSize: number, aliasMaximum: number) {
    this.#output = output
    this.#version = version
    this.#maximumPacketSize = maximumPacketSize
    this.#aliases = aliasMaximum > 0 ? new OutgoingTopicAliases(aliasMaximum) : undefined
  }

  /** @returns `false` when the packet is larger than the Client takes; then nothing is sent [MQTT-3.1.2-24] */
  publish(message: Message, header: PublishHeader): boolean {
    const alias = this.#aliases?.assign(message.topic)
    header.topicAlias = alias?.alias ?? 0
    header.omitsTopic = alias?.isKnown ?? false
    if (this.#isTooLarge(message, header)) {
      if (alias?.isKnown === false) this.#aliases?.forget(message.topic)
      return false
    }
    this.#output.publish(message, header, this.#version)
    return true
  }

  #isTooLarge(message: Message, header: PublishHeader): boolean {
    if (this.#maximumPacketSize === Number.POSITIVE_INFINITY) return false
    return publishSize(message, header, this.#version) > this.#maximumPacketSize
  }
}
