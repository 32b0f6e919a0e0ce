import { randomInt } from 'node:crypto'
import { defineConfig } from 'vitest/config'

/** For those with properties that fast-check looks after. */
const properties = { setupFiles: ['./tests/support/seed-properties.ts'] }

/** What no test needs on any machine; one that hangs is all that it ends. */
const TIMEOUT_MS = 60_000

// Drawn here, once for all processes; see tests/support/test-seed.ts.
if (process.env['TEST_SEED'] === 'fresh') process.env['TEST_SEED'] = String(randomInt(2 ** 31))

/**
 * Tests run the TypeScript sources (condition `curlew-source`), never a build that might be stale.
 * One project per kind of test, so that each can be run alone: `npx vitest run --project codec`.
 */
const project = (name: string, include: string[], more: { setupFiles?: string[]; testTimeout?: number } = {}) => ({
  resolve: { conditions: ['curlew-source', 'node'] },
  ssr: { resolve: { conditions: ['curlew-source', 'node'] } },
  test: {
    name,
    include,
    testTimeout: TIMEOUT_MS,
    hookTimeout: TIMEOUT_MS,
    environment: 'node' as const,
    ...more,
  },
})

export default defineConfig({
  test: {
    projects: [
      project('codec', ['packages/codec/test/**/*.test.ts'], properties),
      project('protocol', ['packages/protocol/test/**/*.test.ts'], properties),
      project('client', ['packages/client/test/**/*.test.ts']),
      project('broker', ['packages/broker/test/**/*.test.ts'], properties),
      project('testing', ['packages/testing/test/**/*.test.ts']),
      project('compat-mqttjs', ['packages/compat-mqttjs/test/**/*.test.ts']),
      project('cli', ['packages/cli/test/**/*.test.ts']),
      project('tidy', ['tests/tidy/**/*.test.ts']),
      project('fuzz', ['tests/fuzz/**/*.test.ts'], { testTimeout: 120_000 }),
      project('conformance', ['tests/conformance/**/*.test.ts'], properties),
      project('fault', ['tests/fault/**/*.test.ts'], properties),
      project('browser', ['tests/browser/**/*.test.ts']),
      project('bench', ['bench/test/**/*.test.ts']),
      project('interop', ['tests/interop/**/*.test.ts']),
    ],
  },
})
