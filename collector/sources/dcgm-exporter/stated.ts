import type { EventRecord } from '#schemas/records.ts'
import { recoveryOfNumber } from '../../vendors/nvidia-recovery.ts'
import { describeFault } from './faults.ts'
import { boardKey, type Identities } from './identity.ts'
import type { Page } from './parse.ts'
import type { Rejects } from './rejects.ts'

/** A field whose rows are stated as events, open as long as the page has them. */
export interface StatedField {
  readonly type: 'xid_recent' | 'recovery_action'
}

/**
 * XIDs counted in a sliding window see what the last-XID field hides: the same number again, and one that
 * another followed at once. The recovery action is what the driver asks for, 0 for nothing.
 */
export const STATED_FIELDS: ReadonlyMap<string, StatedField> = new Map([
  ['DCGM_EXP_XID_ERRORS_COUNT', { type: 'xid_recent' }],
  ['DCGM_FI_DEV_GET_GPU_RECOVERY_ACTION', { type: 'recovery_action' }],
  ['DCGM_FI_DEV_GPU_RECOVERY_ACTION', { type: 'recovery_action' }],
])

export interface StatedContext {
  readonly identities: Identities
  readonly rejects: Rejects
  /** Epoch ms of the read; null for a captured page. */
  readonly nowMs: number | null
}

/** Codes above are no XID and no action; counts above are no count. */
const CODE_MAX = 65_535
const COUNT_MAX = 1e9

/** What the page states about its GPUs beside their levels: one event per board, type and code. */
export function statedEvents(page: Page, context: StatedContext): readonly EventRecord[] {
  const { identities, rejects, nowMs } = context
  const events = new Map<string, EventRecord>()
  for (const row of page.stated) {
    const block = page.blocks[row.owner]
    const board = identities.entityOf[row.owner]?.board
    const { type } = row.field
    const number = type === 'xid_recent' ? (block?.xid ?? null) : row.value
    if (Number.isNaN(row.value) || board === undefined) continue
    const isCode = number !== null && Number.isInteger(number) && number >= 0 && number <= CODE_MAX
    if (!isCode || row.value < 0 || row.value > COUNT_MAX) {
      rejects.add('out_of_range', page.text, row.start, row.end)
      continue
    }
    if (row.value === 0 || number === 0) continue
    const code = type === 'recovery_action' ? recoveryOfNumber(number) : String(number)
    if (code === null) continue
    const event = {
      kind: 'event' as const,
      // 0 is replaced by the tick of the read.
      at_ms: nowMs ?? 0,
      node: board.host ?? '',
      device_key: boardKey(board),
      source: 'dcgm-exporter',
      type,
      code,
      edge: 'open' as const,
      ...wordsOf(type, code, block?.windowMs ?? null),
    }
    events.set(`${event.device_key} ${type} ${code}`, event)
  }
  return [...events.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, event]) => event)
}

type Words = Pick<
  EventRecord,
  'severity' | 'message' | 'message_zh' | 'fault_class' | 'action' | 'action_zh'
>

function wordsOf(type: StatedField['type'], code: string, windowMs: number | null): Words {
  const fault = describeFault(type, code)
  const during = windowMs === null ? '' : ` in the last ${Math.round(windowMs / 1000)} s`
  const duringZh = windowMs === null ? '' : `（最近 ${Math.round(windowMs / 1000)} 秒）`
  if (fault === null) return { severity: 'warning', message: `${type} ${code}${during}` }
  const isXid = type === 'xid_recent'
  return {
    severity: fault.severity,
    message: isXid ? `XID ${code}: ${fault.name.en}${during}` : fault.name.en,
    message_zh: isXid ? `XID ${code}：${fault.name.zh}${duringZh}` : fault.name.zh,
    fault_class: fault.class,
    action: fault.action.en,
    action_zh: fault.action.zh,
  }
}
