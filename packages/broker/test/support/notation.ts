export { bytesOf, hexOf } from '../../../codec/test/notation.ts'
