import type { FaultDescription } from '#schemas/faults.ts'
import { ascendFault, canonicalFaultCode } from '../../vendors/ascend-faults.ts'

const CHECK_HEALTH = {
  en: 'Read the fault codes of the chip: `npu-smi info -t health -i <card> -c <chip>`.',
  zh: '查询芯片故障码：`npu-smi info -t health -i <卡号> -c <芯片号>`。',
}

/** Health words (names of HEALTH_CODES): the worst active alarm of the chip, no finding of its own. */
const HEALTH: Readonly<Record<string, FaultDescription>> = {
  warning: {
    class: 'unclassified',
    severity: 'warning',
    name: { en: 'Health is Warning', zh: '健康状态：Warning（一般告警）' },
    action: CHECK_HEALTH,
  },
  alarm: {
    class: 'unclassified',
    severity: 'critical',
    name: { en: 'Health is Alarm', zh: '健康状态：Alarm（重要告警）' },
    action: CHECK_HEALTH,
  },
  critical: {
    class: 'unclassified',
    severity: 'fatal',
    name: { en: 'Health is Critical', zh: '健康状态：Critical（紧急告警）' },
    action: CHECK_HEALTH,
  },
}

/** What a `fault` code (hex word) or a `health` code (the word) means; null for other events and for no code. */
export function describeFault(type: string, code: string): FaultDescription | null {
  if (type === 'health') return HEALTH[code] ?? null
  const canonical = type === 'fault' ? canonicalFaultCode(code) : null
  return canonical === null ? null : ascendFault(canonical)
}
