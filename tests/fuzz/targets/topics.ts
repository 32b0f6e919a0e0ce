import {
  countTopicLevels,
  decodePacket,
  isTopicFilter,
  type PacketDecoderOptions,
  parseSharedFilter,
  TopicNames,
} from '@curlew/codec'
import { frame } from '../../../packages/codec/test/frame.ts'
import { bytesOf, hexOf } from '../../../packages/codec/test/notation.ts'
import type { FuzzTarget } from '../fuzzer.ts'
import { codecSources, resultOf, topicTokens } from './checks.ts'

/** The grammar of section 4.7 and 4.8.2 once more, in the words of the specification and without care for speed. */
const model = {
  isName: (text: string): boolean => text.length > 0 && !/[+#\0]/.test(text),

  isPlainFilter: (text: string): boolean => {
    const levels = text.split('/')
    const isWhole = (level: string, index: number): boolean =>
      level === '+' || (level === '#' && index === levels.length - 1) || !/[+#]/.test(level)
    return text.length > 0 && !text.includes('\0') && levels.every(isWhole)
  },

  shared: (text: string): { shareName: string; filter: string } | undefined => {
    const [prefix, shareName, ...rest] = text.split('/')
    const filter = rest.join('/')
    const isShared = prefix === '$share' && shareName !== undefined && shareName !== '' && !/[+#\0]/.test(shareName)
    return isShared && rest.length > 0 && model.isPlainFilter(filter) ? { shareName, filter } : undefined
  },

  isFilter: (text: string): boolean =>
    text.startsWith('$share/') ? model.shared(text) !== undefined : model.isPlainFilter(text),
}

/** Remembers one name, so that each new one replaces another. */
const topicNames = new TopicNames(1)
const options: PacketDecoderOptions = { receiver: 'any', version: 4, topicNames }

function run(input: Uint8Array): void {
  const text = Buffer.from(input).toString('utf8')
  expectSame('a Topic Name', TopicNames.isValid(text), model.isName(text))
  expectSame('a Topic Filter', isTopicFilter(text), model.isFilter(text))
  expectSame('the parts', JSON.stringify(parseSharedFilter(text)), JSON.stringify(model.shared(text)))
  expectSame('the levels', countTopicLevels(text), text.split('/').length)

  const isString = hexOf(Buffer.from(text)) === hexOf(input) && !/[\p{Cc}\p{Noncharacter_Code_Point}]/u.test(text)
  const field = `${input.length.toString(16).padStart(4, '0')} ${hexOf(input)}`
  expectSame('a SUBSCRIBE', isTaken(frame('82', `0001 ${field} 00`)), isString && model.isFilter(text))
  expectSame('an UNSUBSCRIBE', isTaken(frame('a2', `0001 ${field}`)), isString && model.isFilter(text))
  expectSame('a PUBLISH', isTaken(frame('30', field)), isString && model.isName(text))
  expectSame('a PUBLISH again', isTaken(frame('30', field)), isString && model.isName(text))
  expectSame(
    'a Will',
    isTaken(frame('10', `0004 'MQTT' 04 06 0000 0000 ${field} 0000`)),
    isString && model.isName(text),
  )
}

function isTaken(packet: Uint8Array): boolean {
  return !(resultOf(() => decodePacket(packet, options)) instanceof Error)
}

function expectSame(what: string, ours: unknown, theirs: unknown): void {
  if (ours !== theirs) throw new Error(`${what}: ${ours}, but the model says ${theirs}`)
}

export const topicsTarget: FuzzTarget = {
  name: 'topics',
  sources: codecSources,
  tokens: topicTokens,
  seeds: ["'a/b/c'", "'+/a/#'", "'$share/g/a/+'", "'$SYS/#'", "'/'", 'c3a9 2f f09f90a6'].map(bytesOf),
  sizeMax: 300,
  run,
}
