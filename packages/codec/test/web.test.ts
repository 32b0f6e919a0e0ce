import { describe, expect, test, vi } from 'vitest'
import * as platform from '#bytes'
import * as web from '../src/bytes.web.ts'
import { decoderSuite } from './decoder.suite.ts'
import { stringSuite } from './strings.suite.ts'
import { vectorSuite } from './vectors.suite.ts'

vi.mock('#bytes', () => import('../src/bytes.web.ts'))

describe('without anything of Node', () => {
  test('the codec runs on what browsers have', () => {
    expect(platform.decodeUtf8).toBe(web.decodeUtf8)
  })

  describe('vectors', vectorSuite)
  describe('strings', stringSuite)
  describe('the decoder', decoderSuite)
})
