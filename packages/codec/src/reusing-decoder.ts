import { PacketDecoder } from './decoder.ts'
import { DecodedPublish } from './packets/publish.ts'
import type { DecodedPublishAck } from './packets/publish-ack.ts'
import { noProperties } from './properties.ts'

const noBytes = new Uint8Array(0)

/**
 * Reads every packet as `PacketDecoder` does, but PUBLISH and its acknowledgements come in the same two objects again and again, each valid until the next call of
 * {@link next}: for a receiver that has many and keeps none. They are made for the first packet of their kind, as of idle connections there are many.
 */
export class ReusingDecoder extends PacketDecoder {
  #publish: DecodedPublish | undefined = undefined
  #publishAck: Partial<DecodedPublishAck> | undefined = undefined

  protected override blankPublish(): DecodedPublish {
    this.#publish ??= new DecodedPublish()
    return this.#publish
  }

  protected override blankAck(): Partial<DecodedPublishAck> {
    this.#publishAck ??= {}
    return this.#publishAck
  }

  /** They keep nothing that takes memory while they wait to be used again. */
  protected override release(): void {
    if (this.#publishAck !== undefined) this.#publishAck.properties = noProperties
    const publish = this.#publish
    if (publish === undefined) return
    publish.topic = ''
    publish.properties = noProperties
    publish.bytes = noBytes
    publish.payloadStart = 0
    publish.payloadEnd = 0
  }
}
