import { awsCrt3 } from './support/clients/aws-crt-3.ts'
import { awsCrt5 } from './support/clients/aws-crt-5.ts'
import { describeFamily } from './support/scenarios.ts'

describeFamily(awsCrt3)
describeFamily(awsCrt5)
