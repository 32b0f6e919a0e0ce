import { defineConfig } from 'vitest/config'

/**
 * Tests run the TypeScript sources (condition `curlew-source`), never a build that might be stale.
 * One project per kind of test, so that each can be run alone: `npx vitest run --project codec`.
 */
const project = (name: string, include: string[], testTimeout = 10_000) => ({
  resolve: { conditions: ['curlew-source', 'node'] },
  ssr: { resolve: { conditions: ['curlew-source', 'node'] } },
  test: { name, include, testTimeout, environment: 'node' as const },
})

export default defineConfig({
  test: {
    projects: [
      project('codec', ['packages/codec/test/**/*.test.ts']),
      project('protocol', ['packages/protocol/test/**/*.test.ts']),
      project('client', ['packages/client/test/**/*.test.ts'], 20_000),
      project('broker', ['packages/broker/test/**/*.test.ts']),
      project('testing', ['packages/testing/test/**/*.test.ts']),
      project('compat-mqttjs', ['packages/compat-mqttjs/test/**/*.test.ts'], 30_000),
      project('cli', ['packages/cli/test/**/*.test.ts'], 30_000),
      project('tidy', ['tests/tidy/**/*.test.ts']),
      project('fuzz', ['tests/fuzz/**/*.test.ts'], 120_000),
      project('conformance', ['tests/conformance/**/*.test.ts'], 20_000),
      project('fault', ['tests/fault/**/*.test.ts'], 60_000),
      project('browser', ['tests/browser/**/*.test.ts'], 60_000),
      project('bench', ['bench/test/**/*.test.ts']),
      project('interop', ['tests/interop/**/*.test.ts'], 60_000),
    ],
  },
})
