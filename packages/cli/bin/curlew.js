#!/usr/bin/env node
// The command `curlew`. It runs what `npm run build` has made of src.

import { existsSync } from 'node:fs'

const built = new URL('../dist/main.js', import.meta.url)

if (existsSync(built)) {
  const { main } = await import(built.href)
  await main(process.argv)
} else {
  process.stderr.write('curlew: it has not been built: run `npm run build` first\n')
  process.exitCode = 1
}
