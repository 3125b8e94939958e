import {
  LOOP_STATES,
  type LoopReason,
  type LoopState,
  type LoopUnit,
} from '#schemas/api-facility-tree.ts'
import type { LoopEventRow } from '../queries/facility-loops.ts'
import { iso } from '../window.ts'
import { historyKey, type LoopFacts } from './loop-units.ts'

/** Findings that say nothing good and nothing bad: nobody can tell. */
const BLIND: ReadonlySet<string> = new Set(['meter_silent', 'leak_detector'])
const ALARMS: ReadonlySet<string> = new Set(['critical', 'fatal'])

interface Finding {
  readonly state: LoopState
  readonly meter: string
  readonly type: string
  readonly text: readonly [en: string, zh: string]
  /** What to do, where an event says it. */
  readonly action?: readonly [en: string, zh: string]
  readonly sinceMs: number | null
}

const rank = (state: LoopState) => LOOP_STATES.indexOf(state)

/**
 * What is wrong with a loop, worst first: open findings of its units, and what their points say now. Unavailable is not
 * ok, and silence is unknown, never the last good state; a finding that was open when a unit fell silent still counts.
 */
export function loopReasons(
  {
    units,
    events,
    listed,
  }: {
    readonly units: readonly LoopUnit[]
    readonly events: readonly LoopEventRow[]
    /** Meters of the tree: points of these units among them have to speak. */
    readonly listed: readonly string[]
  },
  facts: LoopFacts,
): LoopReason[] {
  const findings = [
    ...events.map(eventFinding),
    ...units.flatMap((unit) => unitFindings(unit, facts)),
    ...units.flatMap(({ unit }) => missingPoints(unit, listed, facts)),
    ...(units.length === 0 ? [NO_UNITS] : []),
  ]
  const worst = new Map<string, Finding>()
  for (const finding of findings) {
    const key = `${finding.meter}\n${finding.type}`
    const before = worst.get(key)
    worst.set(key, before === undefined ? finding : joined(before, finding))
  }
  return [...worst.values()]
    .sort((a, b) => rank(a.state) - rank(b.state) || (a.meter < b.meter ? -1 : 1))
    .map(({ state, meter, type, text: [text, text_zh], action = ['', ''], sinceMs }) => ({
      state,
      meter,
      type,
      text,
      text_zh,
      action: action[0],
      action_zh: action[1],
      since: sinceMs === null ? null : iso(sinceMs),
    }))
}

export const worstOf = (reasons: readonly LoopReason[]): LoopState => reasons[0]?.state ?? 'ok'

/** Two findings of one thing: the worse one, since the earlier moment. */
function joined(a: Finding, b: Finding): Finding {
  const worse = rank(b.state) < rank(a.state) ? b : a
  const action = worse.action ?? a.action ?? b.action
  const known = [a.sinceMs, b.sinceMs].filter((ms) => ms !== null)
  const sinceMs = known.length === 0 ? null : Math.min(...known)
  return { ...worse, ...(action === undefined ? {} : { action }), sinceMs }
}

function eventFinding(row: LoopEventRow): Finding {
  const { event_type: type, event_code: code, event_severity: severity, unit } = row
  const state = BLIND.has(type) ? 'unknown' : ALARMS.has(severity) ? 'alarm' : 'warning'
  // Codes of thresholds begin with the point they are about.
  const point = code.split(' ', 1)[0] ?? ''
  const isOfUnit = point === unit || point.startsWith(`${unit}/`)
  return {
    state,
    meter: isOfUnit ? point : unit,
    type,
    text: [row.text, row.text_zh],
    action: [row.action_text, row.action_text_zh],
    sinceMs: row.at_ms,
  }
}

function unitFindings(unit: LoopUnit, facts: LoopFacts): Finding[] {
  const silent: Finding[] = unit.is_silent
    ? [
        {
          state: 'unknown',
          meter: unit.unit,
          type: 'meter_silent',
          text: [`${unit.unit} gives no values`, `${unit.unit} 没有数值`],
          sinceMs: lastHeard(unit, facts),
        },
      ]
    : []
  return [...silent, ...unit.leaks.flatMap(leakOf(facts)), ...pumpFindings(unit, facts)]
}

/** Points of a unit that the tree lists and nobody hears: a detector that is gone is not a dry floor. */
function missingPoints(unit: string, listed: readonly string[], { heard }: LoopFacts): Finding[] {
  return listed
    .filter((meter) => meter.startsWith(`${unit}/`) && !heard.has(meter))
    .map((meter) => ({
      state: 'unknown',
      meter,
      type: 'meter_silent',
      text: [`${meter} gives no values`, `${meter} 没有数值`],
      sinceMs: null,
    }))
}

/** When a silent unit spoke last. */
const lastHeard = ({ communication_age_seconds: age }: LoopUnit, { atMs }: LoopFacts) =>
  age === null ? null : atMs - age * 1000

const LEAKS: Readonly<Record<string, readonly [LoopState, type: string]>> = {
  warning: ['warning', 'leak'],
  critical: ['alarm', 'leak'],
  unavailable: ['unknown', 'leak_detector'],
  unknown: ['unknown', 'leak_detector'],
}

const leakOf =
  (facts: LoopFacts) =>
  ({ meter, state }: LoopUnit['leaks'][number]): Finding[] => {
    const [of, type] = LEAKS[state] ?? []
    if (of === undefined || type === undefined) return []
    const text = [`${meter}: leak detector says ${state}`, `${meter}：漏液检测为 ${state}`] as const
    return [{ state: of, meter, type, text, sinceMs: sinceOf(facts, meter, 'leak_state') }]
  }

function pumpFindings({ unit, pumps }: LoopUnit, facts: LoopFacts): Finding[] {
  const found = pumps.flatMap(({ meter, state }): Finding[] => {
    const of =
      state === 'failed'
        ? 'warning'
        : state === 'unavailable' || state === 'unknown'
          ? 'unknown'
          : null
    if (of === null) return []
    const text = [`${meter}: pump ${state}`, `${meter}：泵 ${state}`] as const
    return [{ state: of, meter, type: 'pump', text, sinceMs: sinceOf(facts, meter, 'pump_state') }]
  })
  const canTell =
    pumps.length > 0 && pumps.every(({ state }) => state !== 'unknown' && state !== 'unavailable')
  if (!canTell || pumps.some(({ state }) => state === 'running')) return found
  const text = [`${unit}: no pump runs`, `${unit}：没有泵在运行`] as const
  return [...found, { state: 'alarm', meter: unit, type: 'pump', text, sinceMs: null }]
}

/** Since when a code is what it is; null where it was that as far back as was looked. */
function sinceOf(
  { history }: LoopFacts,
  meter: string,
  metric: 'leak_state' | 'pump_state',
): number | null {
  const row = history.get(historyKey(meter, metric))
  return row === undefined || row.has_begun === 0 ? null : row.since_ms
}

const NO_UNITS: Finding = {
  state: 'unknown',
  meter: '',
  type: 'no_units',
  text: ['no cooling unit is entered for this loop', '该回路未登记冷却单元'],
  sinceMs: null,
}
