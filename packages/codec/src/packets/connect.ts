import {
  InvalidPacketError,
  MalformedPacketError,
  MqttError,
  ProtocolError,
  UnsupportedProtocolVersionError,
} from '../errors.ts'
import { isQoS, PacketType, type ProtocolVersion, type QoS } from '../packet-type.ts'
import {
  type ConnectProperties,
  noProperties,
  readProperties,
  WILL,
  type WillProperties,
  writeProperties,
} from '../properties.ts'
import type { PacketReader } from '../reader.ts'
import { ReasonCode } from '../reason-code.ts'
import { topicNameFault } from '../topic.ts'
import type { PacketWriter } from '../writer.ts'

/** CONNECT, section 3.1. Sent by a Client. */
export interface Connect {
  readonly type: typeof PacketType.Connect
  readonly protocolVersion: ProtocolVersion
  /** Clean Session in MQTT 3.1 and 3.1.1, where it also says whether the Session ends with the connection. */
  readonly cleanStart: boolean
  /** Seconds, 0 to 65 535; 0 turns the mechanism off. */
  readonly keepAlive: number
  /** May be empty. */
  readonly clientId: string
  readonly will: Will | undefined
  readonly userName: string | undefined
  readonly password: Uint8Array | undefined
  readonly properties: ConnectProperties
}

/** What the Server publishes when the Client goes without a DISCONNECT, section 3.1.2.5. */
export interface Will {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: QoS
  readonly retain: boolean
  readonly properties: WillProperties
}

const RESERVED = 0x01
const CLEAN_START = 0x02
const WILL_FLAG = 0x04
const WILL_RETAIN = 0x20
const PASSWORD = 0x40
const USER_NAME = 0x80

const protocolNames: Record<ProtocolVersion, string> = { 3: 'MQIsdp', 4: 'MQTT', 5: 'MQTT' }

/** @param version from {@link decodeProtocolVersion}, which has read what stands before the flags */
export function decodeConnect(reader: PacketReader, version: ProtocolVersion): Connect {
  const flags = reader.byte()
  checkFlags(flags, version)
  const keepAlive = reader.twoByteInteger()
  const properties: ConnectProperties = version === 5 ? readProperties(reader, PacketType.Connect) : noProperties
  if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw new ProtocolError('Authentication Data without Authentication Method (section 3.1.2.11.10)')
  }
  const clientId = readClientId(reader, version)
  const will = flags & WILL_FLAG ? decodeWill(reader, flags, version) : undefined
  const { userName, password } = readCredentials(reader, flags, version)
  reader.expectEnd() // [MQTT-3.1.2-16], [MQTT-3.1.2-18]
  return {
    type: PacketType.Connect,
    protocolVersion: version,
    cleanStart: (flags & CLEAN_START) !== 0,
    keepAlive,
    clientId,
    will,
    userName,
    password,
    properties,
  }
}

/** One that is not a string is one that is not valid; 3.1.1 has a code for that too, but closes for such a string [MQTT3-1.5.3-1]. */
function readClientId(reader: PacketReader, version: ProtocolVersion): string {
  const faultCode = version === 5 ? ReasonCode.ClientIdentifierNotValid : ReasonCode.MalformedPacket // [MQTT-3.1.3-8]
  return reader.utf8String(faultCode) // [MQTT-3.1.3-3], [MQTT-3.1.3-4]
}

/** Whoever sends a user name or password that is none is told nothing about it (ADR 0013). */
function readCredentials(
  reader: PacketReader,
  flags: number,
  version: ProtocolVersion,
): Pick<Connect, 'userName' | 'password'> {
  try {
    const userName = hasField(reader, flags & USER_NAME, version) ? reader.utf8String() : undefined // [MQTT-3.1.2-17]
    const password = hasField(reader, flags & PASSWORD, version) ? reader.binaryData() : undefined // [MQTT-3.1.2-19]
    return { userName, password }
  } catch (error) {
    throw error instanceof MqttError ? error.silenced() : error
  }
}

/** In MQTT 3.1, Remaining Length takes precedence over these two flags: what is not there was not sent (3.1, section 3.1). */
function hasField(reader: PacketReader, flag: number, version: ProtocolVersion): boolean {
  return flag !== 0 && (version > 3 || reader.remaining > 0)
}

/**
 * Reads protocol name and version, with which a CONNECT begins.
 *
 * @throws {UnsupportedProtocolVersionError} when they are not one of the three; a silent one unless it is a bridge, as nothing
 * tells which answer the peer can read
 */
export function decodeProtocolVersion(reader: PacketReader): ProtocolVersion {
  const name = reader.utf8String()
  const version = reader.byte()
  if (!isProtocol(name, version)) {
    const shown = name.length > 16 ? `${name.slice(0, 16)}…` : name
    const message = `protocol '${shown}' version ${version} is not MQTT 3.1, 3.1.1 or 5.0`
    // Bridges of Mosquitto try their version first, which is one of ours with bit 7 set.
    const isBridge = version >= 0x80 && isProtocol(name, version - 0x80)
    const isName = name === 'MQTT' || name === 'MQIsdp'
    const error = new UnsupportedProtocolVersionError(message, isName ? '[MQTT-3.1.2-2]' : '[MQTT-3.1.2-1]')
    throw isBridge ? error : error.silenced() // ADR 0012
  }
  return version as ProtocolVersion
}

function isProtocol(name: string, version: number): boolean {
  return version >= 3 && version <= 5 && protocolNames[version as ProtocolVersion] === name
}

function checkFlags(flags: number, version: ProtocolVersion): void {
  // MQTT 3.1 does not use this bit and says nothing of its value.
  if (flags & RESERVED && version > 3) {
    throw new MalformedPacketError('reserved flag of CONNECT is set', '[MQTT-3.1.2-3]')
  }
  const willQoS = (flags >> 3) & 3
  if (willQoS === 3) throw new MalformedPacketError('Will QoS is 3', '[MQTT-3.1.2-12]')
  if ((flags & WILL_FLAG) === 0) {
    if (willQoS !== 0) throw new MalformedPacketError('Will QoS without a Will', '[MQTT-3.1.2-11]')
    if (flags & WILL_RETAIN) throw new MalformedPacketError('Will Retain without a Will', '[MQTT-3.1.2-13]')
  }
  if (version < 5 && flags & PASSWORD && !(flags & USER_NAME)) {
    throw new MalformedPacketError('password without a user name', '[MQTT3-3.1.2-22]')
  }
}

function decodeWill(reader: PacketReader, flags: number, version: ProtocolVersion): Will {
  const properties: WillProperties = version === 5 ? readProperties(reader, WILL) : noProperties
  const topic = reader.utf8String() // [MQTT-3.1.2-9], [MQTT-3.1.3-11]
  const fault = topicNameFault(topic)
  if (fault !== undefined) throw new MalformedPacketError('Will Topic is empty or has wildcards', fault)
  const payload = reader.binaryData()
  return { topic, payload, qos: ((flags >> 3) & 3) as QoS, retain: (flags & WILL_RETAIN) !== 0, properties }
}

/** @throws {InvalidPacketError} when a field cannot be written */
export function writeConnect(writer: PacketWriter, packet: Connect): void {
  const { protocolVersion: version, will } = packet
  checkConnect(packet)
  const mark = writer.start(PacketType.Connect << 4)
  writer.utf8String(protocolNames[version], 'protocol name')
  writer.byte(version)
  writer.byte(connectFlags(packet))
  writer.twoByteInteger(packet.keepAlive)
  if (version === 5) writeProperties(writer, packet.properties, PacketType.Connect)
  writer.utf8String(packet.clientId, 'clientId')
  if (will !== undefined) {
    if (version === 5) writeProperties(writer, will.properties, WILL)
    writer.utf8String(will.topic, 'will.topic')
    writer.binaryData(will.payload, 'will.payload')
  }
  if (packet.userName !== undefined) writer.utf8String(packet.userName, 'userName')
  if (packet.password !== undefined) writer.binaryData(packet.password, 'password')
  writer.finish(mark)
}

function checkConnect({ protocolVersion, keepAlive, will, userName, password, properties }: Connect): void {
  if (protocolNames[protocolVersion] === undefined) {
    throw new InvalidPacketError(`protocolVersion must be 3, 4 or 5, not ${protocolVersion}`, '[MQTT-3.1.2-2]')
  }
  if (protocolVersion < 5 && password !== undefined && userName === undefined) {
    throw new InvalidPacketError('MQTT 3 allows a password only with a user name', '[MQTT3-3.1.2-22]')
  }
  if (!Number.isInteger(keepAlive) || keepAlive < 0 || keepAlive > 0xffff) {
    throw new InvalidPacketError(`keepAlive must be 0 to 65 535 seconds, not ${keepAlive}`)
  }
  if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw new InvalidPacketError('authenticationData without authenticationMethod (section 3.1.2.11.10)')
  }
  if (will === undefined) return
  if (!isQoS(will.qos)) throw new InvalidPacketError(`will.qos is ${will.qos}`, '[MQTT-3.1.2-12]')
  const fault = topicNameFault(will.topic)
  if (fault !== undefined) throw new InvalidPacketError('will.topic is empty or has wildcards', fault)
}

function connectFlags({ cleanStart, will, userName, password }: Connect): number {
  let flags = cleanStart ? CLEAN_START : 0
  if (will !== undefined) flags |= WILL_FLAG | (will.qos << 3) | (will.retain ? WILL_RETAIN : 0)
  if (userName !== undefined) flags |= USER_NAME
  if (password !== undefined) flags |= PASSWORD
  return flags
}
