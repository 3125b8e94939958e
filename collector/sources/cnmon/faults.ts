import type { FaultDescription } from '#schemas/faults.ts'
import { cambriconFault } from '../../vendors/cambricon-faults.ts'

/** The box names no codes; those that people enter by hand are Cambricon's. */
export function describeFault(type: string, code: string): FaultDescription | null {
  return type === 'cambricon_xid' ? cambriconFault(code) : null
}
