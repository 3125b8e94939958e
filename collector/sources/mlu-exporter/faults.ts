import type { FaultDescription } from '#schemas/faults.ts'
import type { EventRecord } from '#schemas/records.ts'
import { cambriconFault } from '../../vendors/cambricon-faults.ts'
import type { CardRows, ShownCode } from './parse.ts'

export const SOURCE_NAME = 'mlu-exporter'
/** Not `xid`: the same numbers mean something else there. */
export const CODE_EVENT = 'cambricon_xid'

/** Class, severity and advice for the codes of this exporter. */
export function describeFault(type: string, code: string): FaultDescription | null {
  return type === CODE_EVENT ? cambriconFault(code) : null
}

/** What a target said at earlier reads: codes, and heart beats. */
export interface FaultMemory {
  readonly cards: Map<string, CardMemory>
}
interface CardMemory {
  readonly codes: Map<string, string>
  beat: { readonly value: number; readonly sinceMs: number } | null
  readMs: number
}

export const newFaultMemory = (): FaultMemory => ({ cards: new Map() })

/** Narrows what a target's memory holds. */
export function isFaultMemory(kept: unknown): kept is FaultMemory {
  return typeof kept === 'object' && kept !== null && 'cards' in kept && kept.cards instanceof Map
}

/** What is known when a page is read; `nowMs` is null for a captured page. */
export interface ReadMoment {
  readonly nowMs: number | null
  readonly heartbeatAfterMs: number
  readonly memory: FaultMemory
}

/** A card nobody showed for this long is forgotten, ms. */
const FORGET_MS = 3_600_000

type Draft = Pick<EventRecord, 'type' | 'code' | 'severity' | 'edge' | 'message'> &
  Partial<EventRecord>

/** Everything a card states as a fault. Levels are closed by the runner when they are no longer stated. */
export function cardEvents(card: CardRows, deviceKey: string, moment: ReadMoment): EventRecord[] {
  const known = memoryOf(card, moment)
  const drafts = [
    ...healthEvents(card),
    ...slowdownEvents(card),
    ...codeEvents(card, known, moment.nowMs),
    ...heartbeatEvents(card, known, moment),
  ]
  return drafts.map((draft) => ({
    kind: 'event',
    at_ms: 0,
    node: '',
    device_key: deviceKey,
    source: SOURCE_NAME,
    ...draft,
  }))
}

function memoryOf(card: CardRows, { memory, nowMs }: ReadMoment): CardMemory | null {
  if (nowMs === null) return null
  for (const [key, { readMs }] of memory.cards)
    if (nowMs - readMs > FORGET_MS) memory.cards.delete(key)
  return memory.cards.get(card.key) ?? null
}

/** Called once per read and card, after its events: what the next read is compared with. */
export function rememberCard(card: CardRows, { memory, nowMs }: ReadMoment): void {
  if (nowMs === null) return
  const known = memory.cards.get(card.key)
  const value = card.samples.get('heartbeat_count')?.value ?? null
  const before = known?.beat ?? null
  memory.cards.set(card.key, {
    codes: new Map([...card.codes].map(([code, shown]) => [code, signature(shown)])),
    beat:
      value === null ? null : { value, sinceMs: before?.value === value ? before.sinceMs : nowMs },
    readMs: nowMs,
  })
}

const signature = ({ count, atMs }: ShownCode) => `${count}/${atMs}`

function healthEvents(card: CardRows): Draft[] {
  return [...card.unhealthyReasons].map((reason) => ({
    type: 'unhealthy',
    code: reason,
    severity: 'critical',
    edge: 'open',
    message: `the exporter calls the card sick: ${reason}`,
    message_zh: `mlu-exporter 报告该卡异常：${reason}`,
    fault_class: 'unclassified',
    action:
      'Look at `cnmon info` and the kernel log of the node; drain the card and reset it if it stays sick.',
    action_zh: '在节点上查看 cnmon info 和内核日志；持续异常则排空并复位该卡。',
  }))
}

function slowdownEvents(card: CardRows): Draft[] {
  if (card.samples.get('thermal_slow_down')?.value !== 1) return []
  return [
    {
      type: 'thermal_slowdown',
      code: '',
      severity: 'warning',
      edge: 'open',
      message: 'the card runs slower because it is hot',
      message_zh: '该卡因过热降频',
      fault_class: 'thermal',
      action: 'Check fans, air flow and inlet temperature of the node.',
      action_zh: '检查节点风扇、风道和进风温度。',
    },
  ]
}

/**
 * Counts stay for ever, so only what changed since the last read is news. At first sight a code is dated by its
 * own time, or it is old and nobody knows when it happened.
 */
function codeEvents(card: CardRows, known: CardMemory | null, nowMs: number | null): Draft[] {
  return [...card.codes].flatMap(([code, shown]): Draft[] => {
    const before = known?.codes.get(code)
    if (shown.count === 0 || before === signature(shown)) return []
    const fault = cambriconFault(code)
    const isOld = nowMs !== null && known === null && shown.atMs === null
    return [
      {
        type: isOld ? `${CODE_EVENT}_at_start` : CODE_EVENT,
        code,
        severity: isOld ? 'info' : fault.severity,
        edge: 'point',
        at_ms: nowMs === null ? (shown.atMs ?? 0) : Math.min(shown.atMs ?? 0, nowMs),
        message: isOld
          ? `${fault.name.en}: already there when this collector first read the card`
          : fault.name.en,
        message_zh: isOld ? `${fault.name.zh}：采集器首次读取该卡时已存在` : fault.name.zh,
        fault_class: fault.class,
        action: fault.action.en,
        action_zh: fault.action.zh,
      },
    ]
  })
}

function heartbeatEvents(card: CardRows, known: CardMemory | null, moment: ReadMoment): Draft[] {
  const value = card.samples.get('heartbeat_count')?.value ?? null
  const beat = known?.beat ?? null
  const isStill = moment.nowMs !== null && beat !== null && beat.value === value
  if (!isStill || (moment.nowMs ?? 0) - beat.sinceMs < moment.heartbeatAfterMs) return []
  return [
    {
      type: 'heartbeat_stopped',
      code: '',
      severity: 'critical',
      edge: 'open',
      message: `the heart beat of the card stands still at ${value}`,
      message_zh: `该卡心跳计数停在 ${value}，不再增加`,
      fault_class: 'firmware',
      action: 'Drain the node and reset the card; its other readings may be old.',
      action_zh: '排空节点并复位该卡；其他读数可能已过期。',
    },
  ]
}
