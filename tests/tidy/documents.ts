import { posix } from 'node:path'
import { lineAt, type SourceText } from './source-tree.ts'

/** `[text](target)`, `![text](target)` and `[label]: target`. */
const link = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:\s+(\S+)/gm

/** Links of documents to files that do not exist, or to headings that their document does not have. */
export function brokenLinks(documents: readonly SourceText[], paths: readonly string[]): string[] {
  const headings = new Map(documents.map(document => [document.path, anchorsIn(document.text)]))
  const places = new Set(paths.flatMap(path => [path, ...foldersOf(path)]))
  return documents.flatMap(({ path, text }) =>
    [...withoutCode(text).matchAll(link)].flatMap(match => {
      const target = match[1] ?? match[2] ?? ''
      const fault = isElsewhere(target) ? undefined : faultOf(path, target, places, headings)
      return fault === undefined ? [] : [`${path}:${lineAt(text, match.index)} links to ${target}, ${fault}`]
    }),
  )
}

/** `https:`, `mailto:` and their like: what others publish is not ours to check. */
function isElsewhere(target: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(target)
}

function faultOf(
  from: string,
  target: string,
  places: ReadonlySet<string>,
  headings: ReadonlyMap<string, ReadonlySet<string>>,
): string | undefined {
  const [file = '', heading] = decodeURIComponent(target).split('#')
  const to = file === '' ? from : posix.join(posix.dirname(from), file).replace(/\/$/, '')
  if (to !== '.' && !places.has(to)) return 'which does not exist'
  if (heading === undefined || headings.get(to)?.has(heading)) return undefined
  return 'which has no such heading'
}

/** `a/b/c.md` lies in `a/b` and in `a`. */
function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** The anchors that GitHub gives to the headings of a document: repeated ones are numbered from the second on. */
export function anchorsIn(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of withoutCode(text, /^(```|~~~)[\s\S]*?^\1/gm).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = words.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-')
    let copy = 0
    while (anchors.has(copy === 0 ? anchor : `${anchor}-${copy}`)) copy++
    anchors.add(copy === 0 ? anchor : `${anchor}-${copy}`)
  }
  return anchors
}

/** The text with its code blanked out, so that what is left keeps its place. */
function withoutCode(text: string, code = /^(```|~~~)[\s\S]*?^\1|`[^`\n]*`/gm): string {
  return text.replace(code, found => found.replace(/[^\n]/g, ' '))
}

/** What names the machine that a file was written on, or the place it got its packages from. Spelled so as not to find itself. */
const machine = /(?<![\w.~-])\/(?:wor[k]|far[m])(?![\w-])|registry[.]npmjs|deb[.]debian[.]org|bash_job[s]/g

/** Traces of one machine in files that go to all. */
export function machineTraces(files: readonly SourceText[]): string[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(machine)].map(match => `${path}:${lineAt(text, match.index)} names ${match[0]}`),
  )
}
