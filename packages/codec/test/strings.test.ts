import { stringSuite } from './strings.suite.ts'

stringSuite()
