import type { Alert } from '#schemas/alerts/alert.ts'
import type { FleetEvent } from '#schemas/alerts/ports.ts'
import type { EventMatch, EventRule } from '#schemas/alerts/rule.ts'
import type { AlertLabels } from '#schemas/alerts/severity.ts'
import {
  BECAUSE,
  type Evaluated,
  isOpen,
  NO_READING,
  openAlert,
  resolvedAlert,
} from './evaluation.ts'
import { fingerprintOf } from './fingerprint.ts'

/** Where a device stands and who holds it; `job_devices` = size of the job, where known. */
export type Standing = AlertLabels & { readonly job_devices?: string }

/** An open fault that was first seen so late is history. */
const OPEN_AGE_MAX_MS = 7 * 86_400_000
/** A job that is gone this soon after a fault on one of its devices was stopped by it. */
export const STOPPED_WITHIN_MS = 15 * 60_000

/** What is remembered of one alert of the event lane beside it. */
export interface EventMark {
  /** Time of the newest event that was taken, by the event. */
  readonly eventMs: number
  /** When it was taken: `ends_after` counts from here. */
  readonly takenMs: number
  /** Devices of the job that held the device then; 0 = none known. */
  readonly jobDevices: number
}
export type EventMemory = ReadonlyMap<string, EventMark>

export interface EventInput {
  /** New ones of all sources, any order; those taken already change nothing. */
  readonly events: readonly FleetEvent[]
  readonly standing: ReadonlyMap<string, Standing>
  /** Jobs of open alerts that hold their device no longer, by fingerprint. */
  readonly stopped: ReadonlySet<string>
}

/** Whether an event opens an alert of this rule. */
export const isMatch = (matches: readonly EventMatch[], event: FleetEvent): boolean =>
  matches.some(
    ({ types, codes, not_codes: notCodes, classes, severities, sources }) =>
      (types === undefined || types.includes(event.type)) &&
      (codes === undefined || codes.includes(event.code)) &&
      (notCodes === undefined || !notCodes.includes(event.code)) &&
      (classes === undefined || classes.includes(event.fault_class ?? 'unclassified')) &&
      (severities === undefined || severities.includes(event.severity)) &&
      (sources === undefined || sources.includes(event.source)),
  )

/** What an event is about: its alert is known by these, whoever holds the device and wherever it stands. */
export const identityOf = (event: FleetEvent): AlertLabels => {
  const { cluster, node, device, source, type, code } = event
  const given: AlertLabels = {}
  if (cluster !== '') given.cluster = cluster
  if (node !== '') given.node = node
  if (device !== '') given.device = device
  if (source !== '') given.source = source
  given.code = code === '' ? type : code
  return given
}

interface Pass {
  readonly rule: EventRule
  readonly nowMs: number
  readonly input: EventInput
  /** As they are after what was taken so far. */
  readonly alerts: Map<string, Alert>
  readonly changed: Set<string>
  readonly memory: Map<string, EventMark>
}

/** One event rule over what arrived since the last evaluation; also ends what was not reported again. */
export function evaluateEvents(
  rule: EventRule,
  input: EventInput,
  before: { readonly alerts: ReadonlyMap<string, Alert>; readonly memory: EventMemory },
  nowMs: number,
): Evaluated<EventMemory> {
  const pass: Pass = {
    rule,
    nowMs,
    input,
    alerts: new Map(before.alerts),
    changed: new Set(),
    memory: new Map(before.memory),
  }
  const inOrder = [...input.events].sort((a, b) => a.at_ms - b.at_ms || edgeRank(a) - edgeRank(b))
  for (const event of inOrder) take(pass, event)
  endQuiet(pass)
  escalate(pass)
  for (const fingerprint of pass.memory.keys()) {
    const alert = pass.alerts.get(fingerprint)
    if (alert === undefined || !isOpen(alert)) pass.memory.delete(fingerprint)
  }
  const alerts = [...pass.changed].flatMap((fingerprint) => pass.alerts.get(fingerprint) ?? [])
  return { alerts, memory: pass.memory }
}

/** Of one moment the end comes last: what closed in the millisecond it opened is over. */
const edgeRank = ({ edge }: FleetEvent) => (edge === 'closed' ? 1 : 0)

function take(pass: Pass, event: FleetEvent): void {
  const { rule, nowMs, alerts } = pass
  const identity = identityOf(event)
  const fingerprint = fingerprintOf(rule.name, identity)
  const before = alerts.get(fingerprint)
  if (event.edge === 'closed') {
    if (before === undefined || !isOpen(before) || event.at_ms < lastEventMs(pass, before)) return
    set(pass, resolvedAlert(before, event.at_ms, BECAUSE.closed))
    return
  }
  if (before !== undefined && event.at_ms <= lastEventMs(pass, before)) return
  if (!isMatch(rule.match, event) || nowMs - event.at_ms > ageMaxMs(rule, event)) return
  const { job_devices: size, ...place } = pass.input.standing.get(event.device) ?? {}
  pass.memory.set(fingerprint, {
    eventMs: event.at_ms,
    takenMs: nowMs,
    jobDevices: Number(size ?? 0) || 0,
  })
  if (before !== undefined && isOpen(before)) return
  const labels: AlertLabels = { ...place, ...identity }
  if (event.fault_class !== undefined) labels.class ??= event.fault_class
  const alert = openAlert({
    fingerprint,
    rule: rule.name,
    labels,
    state: 'firing',
    severity: rule.severity,
    sinceMs: event.at_ms,
    atMs: nowMs,
    reading: readingOf(event),
  })
  set(pass, isStopping(pass, alert, event) ? { ...alert, severity: 'page' } : alert)
}

const ageMaxMs = (rule: EventRule, event: FleetEvent) =>
  event.edge === 'open' ? OPEN_AGE_MAX_MS : rule.ends_after * 1000

const set = (pass: Pass, alert: Alert) => {
  pass.alerts.set(alert.fingerprint, alert)
  pass.changed.add(alert.fingerprint)
}

/** Events up to this moment are known: the same one arrives at once and again from the table. */
function lastEventMs({ memory }: Pass, alert: Alert): number {
  const mark = memory.get(alert.fingerprint)
  return Math.max(mark?.eventMs ?? alert.since_ms, alert.resolved_ms ?? 0)
}

function readingOf(event: FleetEvent): Alert['reading'] {
  const { message, message_zh: messageZh, action, action_zh: actionZh } = event
  const doing = action === undefined ? null : { en: action, zh: actionZh ?? action }
  const why = message === '' ? null : { en: message, zh: messageZh ?? message }
  return { ...NO_READING, devices: event.device === '' ? null : 1, why, doing }
}

/** After a fault of which no device comes back, the job is over whatever its scheduler says yet. */
function isStopping({ rule, input }: Pass, alert: Alert, event: FleetEvent): boolean {
  const least = rule.escalate?.job_devices
  if (least === undefined) return false
  const standing = input.standing.get(alert.labels.device ?? '')
  return event.severity === 'fatal' && Number(standing?.job_devices ?? 0) >= least
}

function endQuiet(pass: Pass): void {
  const { rule, nowMs, memory } = pass
  for (const alert of pass.alerts.values()) {
    if (!isOpen(alert)) continue
    let mark = memory.get(alert.fingerprint)
    if (mark === undefined) {
      // After a restart the wait begins again: nothing ends early.
      mark = { eventMs: alert.since_ms, takenMs: nowMs, jobDevices: 0 }
      memory.set(alert.fingerprint, mark)
    }
    if (nowMs - mark.takenMs >= rule.ends_after * 1000)
      set(pass, resolvedAlert(alert, nowMs, BECAUSE.quiet))
  }
}

/** Single faults become a page when they stopped a large job, or are several in one place within the time. */
function escalate(pass: Pass): void {
  const { rule, input, nowMs } = pass
  if (rule.escalate === undefined || rule.severity === 'page') return
  const { job_devices: least, devices, within, seconds = 3600 } = rule.escalate
  const toPage = (alert: Alert) => {
    if (alert.state === 'firing' && alert.severity !== 'page')
      set(pass, { ...alert, severity: 'page' })
  }
  if (least !== undefined)
    for (const fingerprint of input.stopped) {
      const alert = pass.alerts.get(fingerprint)
      const size = pass.memory.get(fingerprint)?.jobDevices ?? 0
      if (alert !== undefined && size >= least) toPage(alert)
    }
  if (devices === undefined || within === undefined) return
  const byPlace = new Map<string, Alert[]>()
  for (const alert of pass.alerts.values()) {
    const place = alert.labels[within]
    if (place === undefined || nowMs - (alert.fired_ms ?? 0) > seconds * 1000) continue
    const there = byPlace.get(place)
    if (there === undefined) byPlace.set(place, [alert])
    else there.push(alert)
  }
  for (const there of byPlace.values()) {
    if (there.length < devices) continue
    const failed = new Set(there.map(({ labels }) => labels.device ?? labels.node))
    if (failed.size >= devices) for (const alert of there) toPage(alert)
  }
}
