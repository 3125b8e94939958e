import { iso, type JsonRow } from '../worker/rows.ts'

/** Which rule a group breaks, in the order in which they are told. */
export const LEDGER_RULES = ['states', 'known', 'impossible', 'tables'] as const
export type LedgerRule = (typeof LEDGER_RULES)[number]

/** A group of a bucket whose sums are not what they must be. */
export interface BrokenGroup {
  /** Tables that were compared: the coarser, or the one by device, first. */
  readonly tables: readonly [own: string, other: string]
  /** Start of the minute, hour or day, epoch s. */
  readonly bucket_s: number
  readonly cluster: string
  readonly hall: string
  readonly pool: string
  readonly model: string
  readonly tenant: string
  readonly rules: readonly LedgerRule[]
  readonly own_capacity_ms: number
  readonly other_capacity_ms: number
}

/** The rules that a row of ledger-check.sql says are broken. */
export function rulesOf(row: {
  readonly broken_states: number
  readonly broken_known: number
  readonly is_impossible: number
  readonly is_other: number
}): LedgerRule[] {
  const { broken_states, broken_known, is_impossible, is_other } = row
  const found = [broken_states > 0, broken_known > 0, is_impossible === 1, is_other === 1]
  return LEDGER_RULES.filter((_, at) => found[at])
}

const place = ({ cluster, hall, pool, model, tenant }: BrokenGroup) =>
  Object.entries({ cluster, hall, pool, model, tenant })
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')

/** A broken group for a person: window, tables, group and rules; the same as long as it is broken the same way. */
export const groupName = (group: BrokenGroup): string =>
  `${iso(group.bucket_s * 1_000)} ${group.tables.join(' / ')}: ${place(group)}: ${group.rules.join(', ')}`

const SAYS: Readonly<Record<LedgerRule, { readonly en: string; readonly zh: string }>> = {
  states: { en: 'nine states do not sum to capacity', zh: '九种状态之和不等于容量' },
  known: {
    en: 'known, unknown and verification time do not sum to capacity',
    zh: '已知、未知与验证时间之和不等于容量',
  },
  impossible: {
    en: 'a sum is below zero, or busy time above known time',
    zh: '某项之和为负，或忙碌时间超过已知时间',
  },
  tables: { en: 'the two tables hold different sums', zh: '两张表的合计不一致' },
}

const ACTION = {
  en: 'Settle the window again: plimsoll repair --from … --to …. If it breaks again, keep the database and report it: figures of this group and window are wrong.',
  zh: '请重新结算该时段：plimsoll repair --from … --to …。若再次出现，请保留数据库并报告：该分组在该时段的数据有误。',
}

/** The row of `events` that says a group broke, or is whole again. */
export function brokenEvent(group: BrokenGroup, edge: 'open' | 'closed', nowMs: number): JsonRow {
  const said = (lang: 'en' | 'zh') => group.rules.map((rule) => SAYS[rule][lang])
  const at = iso(group.bucket_s * 1_000)
  const [own, other] = group.tables
  const tables = `${own} (${group.own_capacity_ms} ms), ${other} (${group.other_capacity_ms} ms)`
  const isOpen = edge === 'open'
  return {
    at: iso(nowMs),
    device_id: 0n,
    cluster: group.cluster,
    collector: '',
    node: '',
    source: 'settle',
    type: 'ledger',
    code: group.rules.join(','),
    severity: 'critical',
    edge,
    message: isOpen
      ? `The ledger of ${at} does not add up for ${place(group)}: ${said('en').join('; ')}. ${tables}`
      : `The ledger of ${at} adds up again for ${place(group)}. ${tables}`,
    message_zh: isOpen
      ? `${at} 的账本对不上（${place(group)}）：${said('zh').join('；')}。${tables}`
      : `${at} 的账本已恢复一致（${place(group)}）。${tables}`,
    fault_class: 'unclassified',
    action: isOpen ? ACTION.en : '',
    action_zh: isOpen ? ACTION.zh : '',
    log_position: 0,
  }
}
