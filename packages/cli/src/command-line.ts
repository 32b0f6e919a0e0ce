import { basename, relative } from 'node:path'

/** How this process was started, as far as the line depends on it that starts it again. */
export interface Start {
  readonly environment: NodeJS.ProcessEnv
  /** Path of the script that Node runs. */
  readonly script: string
  readonly folder: string
}

/**
 * A line for people to paste, which runs `curlew` with `args` in the way it was run this time: through `npm start`, through
 * npx, by its name or from its file.
 */
export function commandLine(args: readonly string[], start: Start = thisStart()): string {
  const words = args.map(quoted)
  return [...program(start, args[0]), ...(isNpmStart(start, args[0]) ? words.slice(1) : words)].join(' ')
}

function thisStart(): Start {
  return { environment: process.env, script: process.argv[1] ?? 'curlew', folder: process.cwd() }
}

function program(start: Start, command: string | undefined): string[] {
  if (isNpmStart(start, command)) return ['npm start --']
  const event = start.environment['npm_lifecycle_event']
  // `npm start` runs in the workspace, which has `curlew` where npx looks first.
  if (event === 'npx' || event === 'start') return ['npx curlew']
  if (basename(start.script) === 'curlew') return ['curlew']
  const path = relative(start.folder, start.script)
  return ['node', quoted(path.startsWith('..') ? start.script : path)]
}

function isNpmStart({ environment }: Start, command: string | undefined): boolean {
  return environment['npm_lifecycle_event'] === 'start' && command === 'start'
}

/** A word as a POSIX shell reads it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
