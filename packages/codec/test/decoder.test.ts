import { decoderSuite } from './decoder.suite.ts'

decoderSuite()
