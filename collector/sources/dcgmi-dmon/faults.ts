import type { FaultDescription } from '#schemas/faults.ts'
import { xidFault } from '../../vendors/nvidia-xid.ts'

/** Class, severity and advice for the codes that dmon states as levels: XIDs. */
export function describeFault(type: string, code: string): FaultDescription | null {
  return type === 'xid' ? xidFault(Number(code)) : null
}
