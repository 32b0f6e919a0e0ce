import { pahoJs } from './support/clients/paho-js.ts'
import { describeFamily } from './support/scenarios.ts'

describeFamily(pahoJs)
