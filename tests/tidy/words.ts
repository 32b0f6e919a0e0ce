import ts from 'typescript'
import type { SourceText } from './source-tree.ts'
import { commentsOf, forEachNode, lineOf, parse } from './syntax.ts'

/** What one of these matches must not be the name of anything; the specification has a word for it. */
const bannedNames: readonly (readonly [name: RegExp, instead: string])[] = [
  [/^_?(mid|pkid)$|message_?id|msg_?id/i, 'packetId'],
  [/^cmd$|^cmd[A-Z]|[a-z]Cmd/, 'the packet type'],
  [/^lwt|[a-z]L[Ww][Tt]/, 'will'],
  [/^nl$/, 'noLocal'],
  [/^rap$/, 'retainAsPublished'],
  [/^rh$/, 'retainHandling'],
  [/^pk$/, 'packet'],
  [/^cl$/, 'client'],
]

/** Where another library's own word has to be written down. One entry for each file and word, with its reason. */
export const allowedNames: readonly { readonly path: string; readonly name: string; readonly reason: string }[] = [
  ...ofMqttJs('src/mqtt-client.ts', 'cmd', 'messageId', 'getLastMessageId'),
  ...ofMqttJs('src/any-packet.ts', 'cmd', 'messageId', 'nl', 'rap', 'rh'),
  ...ofMqttJs('src/packets.ts', 'cmd', 'messageId'),
  ...ofMqttJs('src/subscribe-arguments.ts', 'nl', 'rap', 'rh'),
  ...ofMqttJs('test/programs/basics.js', 'cmd', 'messageId', 'getLastMessageId'),
  ...ofMqttJs('test/programs/faults.js', 'getLastMessageId'),
  ...ofMqttJs('test/programs/packets.js', 'cmd', 'nl', 'rap', 'rh'),
  ...ofMqttJs('test/programs/version5.js', 'nl', 'rap', 'rh'),
]

/** Words of the interface that `packages/compat-mqttjs` is there to offer. */
function ofMqttJs(path: string, ...names: string[]): { path: string; name: string; reason: string }[] {
  const reason = 'it is what MQTT.js calls it'
  return names.map(name => ({ path: `packages/compat-mqttjs/${path}`, name, reason }))
}

/** Names, in code, that the specification has a better word for. */
export function bannedIdentifiers(sources: readonly SourceText[], allowed = allowedNames): string[] {
  return sources.flatMap(source => {
    const file = parse(source)
    const isAllowed = (name: string): boolean =>
      allowed.some(entry => entry.path === source.path && entry.name === name)
    const found: string[] = []
    forEachNode(file, node => {
      if (!ts.isIdentifier(node) && !ts.isPrivateIdentifier(node)) return
      const name = node.text.replace(/^#/, '')
      const banned = bannedNames.find(([pattern]) => pattern.test(name))
      if (!banned || isAllowed(name)) return
      found.push(`${source.path}:${lineOf(file, node)} says ${name} for ${banned[1]}`)
    })
    return found
  })
}

const promise = /\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b/
const silencedCompiler = /@ts-(ignore|nocheck)\b/
const silencedLinter = /\bbiome-ignore\b/

/** A rule's name, a colon, and at least three words. */
const explained = /\bbiome-ignore(-all|-start|-end)? [\w/]+: *\S+ +\S+ +\S+/

/**
 * A line that is nothing but a statement. Prose can look like a call or like one word, so only forms that no sentence has
 * are taken for code.
 */
const statement =
  /^\/\/ *((const|let|var) [\w{[$].* = |import .*['"]|(export )?(async )?function \w+\(|(if|for|while|switch) \(.*\) *(\{|return|throw|[\w.]+\()|[\w.]+\(.*\);?$|[\w.]+ (=|\+=) .*[;()]$|\} *(else|catch|finally)?.*\{?$|return [\w.]+\()/

/** Comments that promise, silence a tool without a reason, or hold code. */
export function leftoverComments(sources: readonly SourceText[]): string[] {
  return sources.flatMap(source =>
    commentsOf(source).flatMap(({ text, line, ownsLine }) => {
      const at = `${source.path}:${line}`
      if (promise.test(text)) return [`${at} promises: do it or file it`]
      if (silencedCompiler.test(text)) return [`${at} silences the compiler`]
      if (silencedLinter.test(text) && !explained.test(text)) return [`${at} silences the linter without a reason`]
      if (ownsLine && statement.test(text)) return [`${at} holds code that has been commented out`]
      return []
    }),
  )
}

/** `console` in what we ship: a library does not print, and the command line writes to its streams. */
export function consoleCalls(sources: readonly SourceText[]): string[] {
  return sources.flatMap(source => {
    const file = parse(source)
    const found: string[] = []
    forEachNode(file, node => {
      if (!ts.isPropertyAccessExpression(node) || node.expression.getText(file) !== 'console') return
      found.push(`${source.path}:${lineOf(file, node)} calls ${node.getText(file)}`)
    })
    return found
  })
}

/** Tests that keep all others from running. */
export function exclusiveTests(sources: readonly SourceText[]): string[] {
  return sources.flatMap(source => {
    const file = parse(source)
    const found: string[] = []
    forEachNode(file, node => {
      if (!ts.isPropertyAccessExpression(node) || node.name.text !== 'only') return
      if (!/^(test|it|describe|suite|bench)\b/.test(node.expression.getText(file))) return
      found.push(`${source.path}:${lineOf(file, node)} runs only one test`)
    })
    return found
  })
}

/** Paths with a part named for its maker rather than for what it holds. */
export function emptyNames(paths: readonly string[]): string[] {
  const empty = /(^|\/)(([\w-]+-)?(utils?|helpers?|managers?|impl)|common|misc|types?)(\.[\w.]+)?(\/|$)/i
  return paths.filter(path => empty.test(path)).map(path => `${path} is not named for what it holds`)
}
