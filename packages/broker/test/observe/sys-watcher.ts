import { PacketType, type ProtocolVersion } from '@curlew/codec'
import type { MemoryWire } from '../support/memory-stream.ts'
import { subscribePacket } from '../support/packets.ts'
import type { RawClient } from '../support/raw-client.ts'
import type { Stage } from '../support/stage.ts'

/** A client that subscribes to topics below `$SYS/broker/` at QoS 0. */
export class SysWatcher {
  readonly client: RawClient<MemoryWire>

  private constructor(client: RawClient<MemoryWire>) {
    this.client = client
  }

  /** Connects and subscribes; what is retained waits to be taken. */
  static async open(stage: Stage, version: ProtocolVersion, names: readonly string[] = ['#']): Promise<SysWatcher> {
    const client = await stage.connect({ protocolVersion: version, clientId: 'watcher' })
    client.send(
      subscribePacket(
        1,
        names.map(name => ({ filter: `$SYS/broker/${name}`, retainAsPublished: version === 5 })),
      ),
    )
    await client.receiveA(PacketType.Suback)
    return new SysWatcher(client)
  }

  /** The values that have come since the last time, by their names below `$SYS/broker/`; the last one of each. */
  take(): Record<string, string> {
    const values: Record<string, string> = {}
    for (const packet of this.client.takePackets()) {
      if (packet.type !== PacketType.Publish) continue
      values[packet.topic.replace('$SYS/broker/', '')] = Buffer.from(packet.payload).toString()
    }
    return values
  }
}

/** What a client finds that comes now and asks. */
export async function sysValues(stage: Stage, version: ProtocolVersion = 5): Promise<Record<string, string>> {
  const watcher = await SysWatcher.open(stage, version)
  await stage.settle()
  return watcher.take()
}
