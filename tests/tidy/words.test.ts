import { expect, test } from 'vitest'
import { readCode, readTree, type SourceText, treePaths } from './source-tree.ts'
import { allowedNames, bannedIdentifiers, consoleCalls, emptyNames, exclusiveTests, leftoverComments } from './words.ts'

const code = readCode()

test('things have the names that the specification gives them', () => {
  expect(bannedIdentifiers(code)).toEqual([])
})

test('no comment promises, silences a tool without a reason, or holds code', () => {
  expect(leftoverComments(code)).toEqual([])
})

test('what we ship never calls console', () => {
  expect(consoleCalls(readTree(/^packages\/[^/]+\/(src|bin)\/.*\.(ts|js)$/))).toEqual([])
})

test('no test keeps the others from running', () => {
  expect(exclusiveTests(code)).toEqual([])
})

test('files and folders are named for what they hold', () => {
  expect(emptyNames(treePaths())).toEqual([])
})

test('every allowance for a name is still needed', () => {
  const unused = allowedNames.filter(entry => {
    const source = code.filter(({ path }) => path === entry.path)
    const others = allowedNames.filter(other => other !== entry)
    return bannedIdentifiers(source, others).length === 0
  })

  expect(unused).toEqual([])
})

const path = 'packages/broker/src/sessions/session.ts'
const only = (text: string): SourceText[] => [{ path, text }]

const names: [text: string, found: string | undefined][] = [
  ['const messageId = 1', 'messageId for packetId'],
  ['packet.nextMessageId', 'nextMessageId for packetId'],
  ['interface P { msgId: number }', 'msgId for packetId'],
  ['class P { #pkid = 1 }', 'pkid for packetId'],
  ['function f(mid: number) {}', 'mid for packetId'],
  ['switch (packet.cmd) {}', 'cmd for the packet type'],
  ['const { cmdName } = packet', 'cmdName for the packet type'],
  ['options.lwt', 'lwt for will'],
  ['const lwtTopic = 1', 'lwtTopic for will'],
  ['const nl = true', 'nl for noLocal'],
  ['({ rap: true })', 'rap for retainAsPublished'],
  ['subscription.rh', 'rh for retainHandling'],
  ['const pk = decode()', 'pk for packet'],
  ['(cl: Client) => cl', 'cl for client'],
  ["const packetId = 'messageId' // the messageId of others", undefined],
  ['const middle = wrap(nlist, rhythm, command)', undefined],
]
for (const [text, found] of names) {
  test(`${text} is ${found === undefined ? 'allowed' : 'found'}`, () => {
    expect(bannedIdentifiers(only(text))[0]).toBe(found && `${path}:1 says ${found}`)
  })
}

test('a name is allowed where, and only where, it is listed', () => {
  const allowed = [{ path, name: 'messageId', reason: 'a sample' }]

  expect(bannedIdentifiers(only('packet.messageId'), allowed)).toEqual([])
  expect(bannedIdentifiers(only('packet.msgId'), allowed)).toHaveLength(1)
  expect(bannedIdentifiers([{ path: 'bench/load.ts', text: 'packet.messageId' }], allowed)).toHaveLength(1)
})

const comments: [text: string, found: string | undefined][] = [
  ['// TODO: later', 'promises: do it or file it'],
  ['let a = 1 /* FIXME */', 'promises: do it or file it'],
  ['/**\n * XXX\n */\nfunction f() {}', 'promises: do it or file it'],
  ['f(a, // HACK\n b)', 'promises: do it or file it'],
  [`const a = \`\${b /* TODO */}\``, 'promises: do it or file it'],
  ['// @ts-ignore', 'silences the compiler'],
  ['// @ts-nocheck', 'silences the compiler'],
  ['// biome-ignore lint/suspicious/noConsole: x', 'silences the linter without a reason'],
  ['// biome-ignore lint/suspicious/noConsole', 'silences the linter without a reason'],
  ['// const a = f()', 'holds code that has been commented out'],
  ["// import { a } from './a.ts'", 'holds code that has been commented out'],
  ['// if (a) return', 'holds code that has been commented out'],
  ['// session.attach(connection)', 'holds code that has been commented out'],
  ['// this.count += f()', 'holds code that has been commented out'],
  ['// return decode(bytes)', 'holds code that has been commented out'],
  ['  // }', 'holds code that has been commented out'],
  ['// biome-ignore lint/suspicious/noConsole: the table is printed for people', undefined],
  ['// A view must not outlive the turn (it pins the buffer).', undefined],
  ['// Return early: if (as here) nothing waits, the rest is free.', undefined],
  ['a() // session.attach(connection)', undefined],
  ["const a = '// TODO: later', b = `// FIXME`, c = /XXX/", undefined],
  ["const url = 'https://a.b/TODO'", undefined],
]
for (const [text, found] of comments) {
  test(`${JSON.stringify(text)} is ${found === undefined ? 'allowed' : 'found'}`, () => {
    const finding = leftoverComments(only(text))[0]

    expect(finding?.replace(/^\S+ /, '')).toBe(found)
  })
}

test('a call of console is found, a property of that name is not', () => {
  expect(consoleCalls(only("console.log('x')"))).toEqual([`${path}:1 calls console.log`])
  expect(consoleCalls(only("console.error('x'); log.console.write('x')"))).toHaveLength(1)
})

test('an exclusive test is found, in each of its forms', () => {
  const text = "test.only('a', f); describe.only('b', f); it.concurrent.only('c', f); test.only.each([1])('d', f)"

  expect(exclusiveTests(only(text))).toHaveLength(4)
  expect(exclusiveTests(only("fc.only('a'); test('a', f) // test.only"))).toEqual([])
})

const paths: [path: string, isEmpty: boolean][] = [
  ['packages/codec/src/utils.ts', true],
  ['packages/codec/src/string-utils.ts', true],
  ['packages/codec/test/helpers.ts', true],
  ['packages/broker/src/common/topic.ts', true],
  ['packages/broker/src/types.ts', true],
  ['packages/broker/src/misc.test.ts', true],
  ['packages/broker/src/session-manager.ts', true],
  ['packages/broker/src/manager.ts', true],
  ['packages/broker/src/store-impl.ts', true],
  ['packages/codec/src/packet-type.ts', false],
  ['packages/codec/src/common-prefix.ts', false],
  ['packages/codec/src/reader.ts', false],
]
for (const [path, isEmpty] of paths) {
  test(`${path} is ${isEmpty ? 'no name' : 'a name'}`, () => {
    expect(emptyNames([path])).toHaveLength(isEmpty ? 1 : 0)
  })
}
