import { MqttError } from '@curlew/codec'
import { EngineError } from './engine.ts'
import { CorruptRecordError } from './records.ts'

/** Whether what was read is not what had been written, rather than not readable now. */
export function isDamage(error: unknown): error is Error {
  if (error instanceof EngineError) return error.fault === 'corrupt'
  return error instanceof CorruptRecordError || error instanceof MqttError
}
