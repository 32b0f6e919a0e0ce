import { pythonPaho } from './support/clients/python-paho.ts'
import { describeFamily } from './support/scenarios.ts'

describeFamily(pythonPaho)
