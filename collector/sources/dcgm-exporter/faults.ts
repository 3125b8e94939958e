import type { Bilingual, FaultDescription } from '#schemas/faults.ts'
import { xidFault } from '../../vendors/nvidia-xid.ts'

/** Class, severity and advice for the codes this exporter states: XIDs and the driver's recovery action. */
export function describeFault(type: string, code: string): FaultDescription | null {
  if (type === 'xid' || type === 'xid_recent') return xidFault(Number(code))
  return type === 'recovery_action' ? recoveryAction(code) : null
}

/** DCGM field 1523: what the driver needs before the GPU works again. */
const RECOVERY_ACTIONS: ReadonlyMap<
  string,
  { readonly name: Bilingual; readonly action: Bilingual }
> = new Map([
  [
    '1',
    {
      name: { en: 'The driver asks for a GPU reset', zh: '驱动要求复位 GPU' },
      action: {
        en: 'Stop the work on this GPU and reset it.',
        zh: '停止该 GPU 上的作业并复位。',
      },
    },
  ],
  [
    '2',
    {
      name: { en: 'The driver asks for a reboot of the node', zh: '驱动要求重启节点' },
      action: { en: 'Drain the node and reboot it.', zh: '排空节点并重启。' },
    },
  ],
  [
    '3',
    {
      name: { en: 'The driver asks to drain peer-to-peer work', zh: '驱动要求排空 P2P 作业' },
      action: {
        en: 'End the jobs that use peer-to-peer transfers with this GPU.',
        zh: '结束使用该 GPU 点对点传输的作业。',
      },
    },
  ],
  [
    '4',
    {
      name: { en: 'The driver asks for drain and reset', zh: '驱动要求排空并复位' },
      action: {
        en: 'Let no new work start, wait for the rest to end, then reset the GPU.',
        zh: '停止派发新作业，等待现有作业结束后复位 GPU。',
      },
    },
  ],
])

function recoveryAction(code: string): FaultDescription | null {
  if (code === '0') return null
  const known = RECOVERY_ACTIONS.get(code) ?? {
    name: { en: `The driver asks for recovery action ${code}`, zh: `驱动要求恢复动作 ${code}` },
    action: {
      en: 'Look the number up in the documentation of the installed driver.',
      zh: '在所装驱动的文档中查询该编号。',
    },
  }
  return { class: 'hardware', severity: 'critical', ...known }
}
