import type { FaultDescription } from '#schemas/faults.ts'
import { recoveryFault } from '../../vendors/nvidia-recovery.ts'
import { xidFault } from '../../vendors/nvidia-xid.ts'

/** Class, severity and advice for the codes this exporter states: XIDs and the driver's recovery action. */
export function describeFault(type: string, code: string): FaultDescription | null {
  if (type === 'xid' || type === 'xid_recent') return xidFault(Number(code))
  return type === 'recovery_action' ? recoveryFault(code) : null
}
