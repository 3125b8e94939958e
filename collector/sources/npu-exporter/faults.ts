import type { FaultDescription } from '#schemas/faults.ts'
import { HEALTH_CODES } from '#schemas/metrics.ts'
import type { EventRecord } from '#schemas/records.ts'
import { ascendFault, canonicalFaultCode, faultCodeOfDecimal } from '../../vendors/ascend-faults.ts'
import type { RejectReason } from './parse.ts'
import type { ChipRows } from './parse.ts'
import type { Rejections } from '../../formats/rejections.ts'

export const SOURCE_NAME = 'npu-exporter'

/** Class, severity and advice for the codes this exporter states. */
export function describeFault(type: string, code: string): FaultDescription | null {
  const canonical = type === 'fault' ? canonicalFaultCode(code) : null
  return canonical === null ? null : ascendFault(canonical)
}

/** An active fault code of one chip, and when the exporter saw it, epoch ms. */
export interface ActiveFault {
  readonly code: string
  readonly timestampMs: number | null
  readonly fault: FaultDescription
}

/** Codes active on a chip: decimal on the page, 0 for none; each once. */
export function activeFaults(
  chip: ChipRows,
  rejections: Rejections<RejectReason>,
): readonly ActiveFault[] {
  const found = new Map<string, ActiveFault>()
  for (const { value, timestampMs, line } of chip.errorCodes.values()) {
    if (value === null || value === 0) continue
    const code = faultCodeOfDecimal(value)
    if (code === null) rejections.add(line, 'not_a_fault_code')
    else if (!found.has(code)) found.set(code, { code, timestampMs, fault: ascendFault(code) })
  }
  return [...found.values()]
}

/**
 * `health_status` is 1 or 0, and 0 stands for Warning, Alarm, Critical and for a query that failed. Only the
 * active codes say how bad it is; 0 without codes is unknown.
 */
export function healthCode(status: number | null, faults: readonly ActiveFault[]): number | null {
  if (status === 1) return HEALTH_CODES.ok
  if (status !== 0) return null
  const severities = new Set(faults.map(({ fault }) => fault.severity))
  if (severities.has('fatal')) return HEALTH_CODES.critical
  if (severities.has('critical')) return HEALTH_CODES.alarm
  return faults.length > 0 ? HEALTH_CODES.warning : null
}

/** Events as levels: the runner says each once, and closes it when the page no longer states it. */
export function chipEvents(
  deviceKey: string,
  status: number | null,
  faults: readonly ActiveFault[],
  eventMs: (timestampMs: number | null) => number,
): EventRecord[] {
  const base = { kind: 'event', node: '', device_key: deviceKey, source: SOURCE_NAME } as const
  const events = faults.map(({ code, timestampMs, fault }): EventRecord => ({
    ...base,
    at_ms: eventMs(timestampMs),
    type: 'fault',
    code,
    severity: fault.severity,
    edge: 'open',
    message: fault.name.en.slice(0, 1024),
    message_zh: fault.name.zh.slice(0, 1024),
    fault_class: fault.class,
    action: fault.action.en.slice(0, 1024),
    action_zh: fault.action.zh.slice(0, 1024),
  }))
  if (status === 0 && faults.length === 0) events.push({ ...base, ...UNEXPLAINED })
  return events
}

const UNEXPLAINED = {
  at_ms: 0,
  type: 'health_unclear',
  code: '0',
  severity: 'warning',
  edge: 'open',
  message:
    'the exporter calls the chip unhealthy without a fault code; its health query may have failed',
  message_zh: 'npu-exporter 报告芯片不健康，但未给出故障码；也可能是健康状态查询失败',
  fault_class: 'unclassified',
  action:
    'Run `npu-smi info -t health` for this card on the node: it has the health word and all codes.',
  action_zh: '在节点上对该卡执行 npu-smi info -t health，查看健康状态和全部故障码。',
} as const
