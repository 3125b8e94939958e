import type { Alert, AlertTransition, Notification } from '#schemas/alerts/alert.ts'
import type { Rule, ValueRule } from '#schemas/alerts/rule.ts'
import type { SignalAnswer } from '#schemas/alerts/signals.ts'
import { type AlertState, foldAlerts, FORGET_MS } from '#schemas/alerts/state.ts'
import { type EventInput, type EventMemory, evaluateEvents } from './evaluate-event.ts'
import { evaluateValue, NO_VALUE_MEMORY, type ValueMemory } from './evaluate-value.ts'
import { evaluateZones, type ZoneInput } from './evaluate-zone.ts'
import { BECAUSE, isOpen, resolvedAlert } from './evaluation.ts'
import type { fingerprintCache } from './fingerprint.ts'
import { type PlanInput, planNotifications } from './noise/plan.ts'
import { quietOf, suppressionOf } from './noise/suppress.ts'
import { behindAlert, failedRules, OWN_RULES } from './own-rules.ts'

/** A firing alert's figures are written down this often, so that a restart and other processes know them. */
const REFRESH_MS = 5 * 60_000
/** Of one pass at most. */
const REFRESHED_MAX = 200

/** What evaluation remembers beside the journal. */
export interface EngineMemory {
  readonly values: ReadonlyMap<string, ValueMemory>
  readonly events: ReadonlyMap<string, EventMemory>
  /** Newest figures of alerts that go on, by fingerprint, and when they were last written. */
  readonly live: ReadonlyMap<string, Alert>
  readonly writtenMs: ReadonlyMap<string, number>
}

export const NO_MEMORY: EngineMemory = {
  values: new Map(),
  events: new Map(),
  live: new Map(),
  writtenMs: new Map(),
}

/** What one pass found out. A lane that was not looked at is null. */
export interface PassInput {
  readonly events: EventInput | null
  /** By rule: what its signal said, or why it said nothing. Rules that were not due are not in it. */
  readonly signals: ReadonlyMap<string, SignalAnswer | { readonly failed: string }>
  readonly zones: { readonly inputs: readonly ZoneInput[]; readonly isWhole: boolean } | null
  /** How far settled figures are behind; null = not looked at. */
  readonly behindMs: number | null
  readonly cursor: string | null
}

export interface Surroundings extends Omit<PlanInput, 'state' | 'ruleOf' | 'nowMs'> {
  readonly rules: readonly Rule[]
  readonly timeZone: string
  readonly fingerprint: ReturnType<typeof fingerprintCache>
  /** Counts ms, from any moment on. */
  readonly stopwatch: () => number
}

export interface Decision {
  readonly transitions: readonly AlertTransition[]
  readonly notifications: readonly Notification[]
  readonly forgotten: readonly string[]
  readonly memory: EngineMemory
  /** Rules that could not be evaluated, with the reason. */
  readonly failed: ReadonlyMap<string, string>
  /** How long each rule that was looked at took to decide, ms. */
  readonly tookMs: ReadonlyMap<string, number>
}

/** One pass: what the inputs make of the state, and what people are told of it. Pure. */
export function decide(
  state: AlertState,
  memory: EngineMemory,
  input: PassInput,
  around: Surroundings,
  nowMs: number,
): Decision {
  const rules = new Map([...OWN_RULES, ...around.rules].map((rule) => [rule.name, rule]))
  const ruleOf = (name: string) => rules.get(name) ?? null
  const current = currentAlerts(state, memory)
  const pass: Pass = {
    input,
    around,
    nowMs,
    current,
    failed: new Map(),
    evaluated: new Set(),
    next: new Map(),
    values: new Map(memory.values),
    events: new Map(memory.events),
  }
  const tookMs = new Map<string, number>()
  for (const rule of rules.values()) {
    const startedMs = around.stopwatch()
    evaluateOne(pass, rule)
    if (pass.evaluated.has(rule.name)) tookMs.set(rule.name, around.stopwatch() - startedMs)
  }
  evaluateOwn(pass, ruleOf)
  for (const known of state.alerts.values())
    if (isOpen(known.alert) && ruleOf(known.alert.rule) === null)
      put(pass, resolvedAlert(known.alert, nowMs, BECAUSE.ruleGone))
  trust(pass, state, ruleOf)
  suppress(pass, state, ruleOf)
  const { transitions, live, writtenMs } = changesOf(pass, state, memory)
  const forgotten = [...state.alerts.values()].flatMap(({ alert }) =>
    alert.resolved_ms !== null && !isOpen(alert) && alert.resolved_ms < nowMs - FORGET_MS
      ? alert.fingerprint
      : [],
  )
  const after = foldAlerts(state, [entryOf(state, transitions, nowMs)])
  const notifications = planNotifications({ ...around, state: after, ruleOf, nowMs })
  const next = { values: pass.values, events: pass.events, live, writtenMs }
  return { transitions, notifications, forgotten, memory: next, failed: pass.failed, tookMs }
}

const entryOf = (
  state: AlertState,
  transitions: readonly AlertTransition[],
  nowMs: number,
): Parameters<typeof foldAlerts>[1][number] => ({
  sequence: state.last + 1,
  at_ms: nowMs,
  who: 'alerts',
  body: {
    kind: 'alerts',
    epoch: state.epoch,
    notifications: [],
    forgotten: [],
    transitions: [...transitions],
  },
})

interface Pass {
  readonly input: PassInput
  readonly around: Surroundings
  readonly nowMs: number
  /** Alerts of each rule as they are. */
  readonly current: ReadonlyMap<string, ReadonlyMap<string, Alert>>
  readonly next: Map<string, Alert>
  readonly values: Map<string, ValueMemory>
  readonly events: Map<string, EventMemory>
  readonly failed: Map<string, string>
  readonly evaluated: Set<string>
}

const NONE: ReadonlyMap<string, Alert> = new Map()
const put = (pass: Pass, alert: Alert) => void pass.next.set(alert.fingerprint, alert)

/** Alerts by rule: the state's, with the newest figures of those that go on. */
function currentAlerts(
  state: AlertState,
  { live }: EngineMemory,
): ReadonlyMap<string, ReadonlyMap<string, Alert>> {
  const byRule = new Map<string, Map<string, Alert>>()
  for (const { alert } of state.alerts.values()) {
    const newer = live.get(alert.fingerprint)
    const one =
      newer !== undefined && newer.state === alert.state
        ? { ...alert, reading: newer.reading, cost_usd: Math.max(alert.cost_usd, newer.cost_usd) }
        : alert
    const ofRule = byRule.get(alert.rule)
    if (ofRule === undefined) byRule.set(alert.rule, new Map([[alert.fingerprint, one]]))
    else ofRule.set(alert.fingerprint, one)
  }
  return byRule
}

/** A rule that throws is told of and stops no other. */
function evaluateOne(pass: Pass, rule: Rule): void {
  if (OWN_RULES.some(({ name }) => name === rule.name)) return
  const alerts = pass.current.get(rule.name) ?? NONE
  try {
    if (!rule.enabled) {
      for (const alert of alerts.values())
        if (isOpen(alert)) put(pass, resolvedAlert(alert, pass.nowMs, BECAUSE.ruleGone))
      return
    }
    if (rule.lane === 'event') {
      if (pass.input.events === null) return
      const memory = pass.events.get(rule.name) ?? new Map()
      const done = evaluateEvents(rule, pass.input.events, { alerts, memory }, pass.nowMs)
      pass.events.set(rule.name, done.memory)
      for (const alert of done.alerts) put(pass, alert)
    } else if (rule.lane === 'value') {
      if (!evaluateSignal(pass, rule, alerts)) return
    } else {
      if (pass.input.zones === null) return
      const { inputs, isWhole } = pass.input.zones
      const options = { timeZone: pass.around.timeZone, isWhole }
      for (const alert of evaluateZones(rule, inputs, alerts, options)) put(pass, alert)
    }
    pass.evaluated.add(rule.name)
  } catch (error) {
    pass.failed.set(rule.name, error instanceof Error ? error.message : String(error))
  }
}

/** False when the rule was not due. */
function evaluateSignal(pass: Pass, rule: ValueRule, alerts: ReadonlyMap<string, Alert>): boolean {
  const answer = pass.input.signals.get(rule.name)
  if (answer === undefined) return false
  if ('failed' in answer) {
    pass.failed.set(rule.name, answer.failed)
    return false
  }
  const memory = pass.values.get(rule.name) ?? NO_VALUE_MEMORY
  const { fingerprint } = pass.around
  const done = evaluateValue(rule, answer, { alerts, memory, fingerprint }, pass.nowMs)
  pass.values.set(rule.name, done.memory)
  for (const alert of done.alerts) put(pass, alert)
  return true
}

function evaluateOwn(pass: Pass, ruleOf: (name: string) => Rule | null): void {
  const { current, failed, evaluated, input, nowMs } = pass
  const [behind] = (current.get('plimsoll_behind') ?? NONE).values()
  for (const alert of behindAlert(behind ?? null, input.behindMs, nowMs)) put(pass, alert)
  // While nothing answers, one message says so: not one for each rule.
  const isBehind = behind !== undefined && isOpen(behind)
  const told = isBehind ? new Map<string, string>() : failed
  const own = current.get('alert_rule_failed') ?? NONE
  for (const alert of own.values())
    if (ruleOf(alert.labels.rule ?? '') === null) evaluated.add(alert.labels.rule ?? '')
  for (const alert of failedRules(own, told, evaluated, nowMs)) put(pass, alert)
}

/** Whether an alert pages or is only watched; a rule's word until somebody accepted or withdrew it. */
function trust(pass: Pass, state: AlertState, ruleOf: (name: string) => Rule | null): void {
  const modeOf = (name: string) => state.trust.get(name) ?? ruleOf(name)?.trust ?? 'paging'
  for (const alert of pass.next.values()) {
    const mode = modeOf(alert.rule)
    if (alert.mode !== mode) put(pass, { ...alert, mode })
  }
  for (const { alert } of state.alerts.values()) {
    const mode = modeOf(alert.rule)
    if (isOpen(alert) && alert.mode !== mode && !pass.next.has(alert.fingerprint))
      put(pass, { ...alert, mode })
  }
}

function suppress(pass: Pass, state: AlertState, ruleOf: (name: string) => Rule | null): void {
  const all = new Map<string, Alert>()
  for (const { alert } of state.alerts.values())
    if (isOpen(alert)) all.set(alert.fingerprint, alert)
  for (const alert of pass.next.values()) all.set(alert.fingerprint, alert)
  const quiet = quietOf(all.values(), state.silences.values(), ruleOf, pass.nowMs)
  for (const alert of all.values()) {
    const rule = ruleOf(alert.rule)
    if (rule === null || alert.state === 'resolved' || alert.state === 'pending') continue
    const suppressed = suppressionOf(quiet, alert, rule)
    if (suppressed?.by === alert.suppressed?.by) continue
    const { suppressed: _, ...rest } = alert
    put(pass, suppressed === null ? rest : { ...rest, suppressed })
  }
}

/** What is to be written: changes of state, severity, mode and suppression; figures only now and then. */
function changesOf(pass: Pass, state: AlertState, memory: EngineMemory) {
  const live = new Map(memory.live)
  const writtenMs = new Map(memory.writtenMs)
  const transitions: AlertTransition[] = []
  let refreshed = 0
  for (const alert of pass.next.values()) {
    const { fingerprint } = alert
    const before = state.alerts.get(fingerprint)?.alert
    const isNew =
      before === undefined ||
      before.state !== alert.state ||
      before.severity !== alert.severity ||
      before.mode !== alert.mode ||
      before.suppressed?.by !== alert.suppressed?.by
    const isDue =
      alert.state === 'firing' &&
      alert.reading.usd_per_hour !== null &&
      pass.nowMs - (writtenMs.get(fingerprint) ?? 0) >= REFRESH_MS &&
      refreshed < REFRESHED_MAX
    if (isNew || isDue) {
      if (!isNew) refreshed += 1
      const from = before === undefined || !isOpen(before) ? 'inactive' : before.state
      transitions.push({ at_ms: pass.nowMs, from, alert })
      writtenMs.set(fingerprint, pass.nowMs)
    }
    if (isOpen(alert)) live.set(fingerprint, alert)
    else {
      live.delete(fingerprint)
      writtenMs.delete(fingerprint)
    }
  }
  return { transitions, live, writtenMs }
}
