import type { Alert } from '#schemas/alerts/alert.ts'
import type { FleetEvent } from '#schemas/alerts/ports.ts'
import type { EventRule, Rule, ValueRule } from '#schemas/alerts/rule.ts'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import { type EventMemory, evaluateEvents } from '../engine/evaluate-event.ts'
import { evaluateValue, NO_VALUE_MEMORY } from '../engine/evaluate-value.ts'
import { evaluateZone } from '../zones/evaluate.ts'
import { SLICE_MS } from '../zones/slices.ts'
import type { RuleCase } from './rule-case.ts'

const START_MS = Date.UTC(2026, 4, 4, 8)
const PASS_MS = 15_000
const DEVICES = 1_000n

/** What stands open of a rule after a case: its severity, a zone's line, or `none`. Pure; the clock is the case's. */
export function runCase(rule: Rule, given: RuleCase): RuleCase['fires'] {
  if (rule.lane === 'zone') return zoneAfter(given.slices ?? [])
  const alerts =
    rule.lane === 'event' ? alertsAfterEvents(rule, given) : alertsAfterSteps(rule, given)
  const open = [...alerts.values()].filter(({ state }) => state === 'firing' || state === 'held')
  const worst = open.find(({ severity }) => severity === 'page') ?? open[0]
  return worst?.severity ?? 'none'
}

function zoneAfter(slices: readonly number[]): RuleCase['fires'] {
  const line = slices.map((share, at) => {
    const baseMs = DEVICES * BigInt(SLICE_MS)
    const busyX1000 = BigInt(Math.round(share * 1_000)) * baseMs
    const fromMs = START_MS + at * SLICE_MS
    return { fromMs, baseMs, knownMs: baseMs, busyX1000, sourceChangedMs: 0n }
  })
  return evaluateZone(DEFAULT_ZONE_SET, line).at(-1)?.zone ?? 'none'
}

function alertsAfterEvents(rule: EventRule, given: RuleCase): ReadonlyMap<string, Alert> {
  let alerts: ReadonlyMap<string, Alert> = new Map()
  let memory: EventMemory = new Map()
  const size = given.job_devices
  const standing = new Map(
    (given.events ?? []).map(({ device }) => {
      const job = size === undefined ? {} : { job: 'job-1', job_devices: String(size) }
      return [device, { rack: 'r1', node: `n${device}`, hall: 'h1', ...job }] as const
    }),
  )
  const evaluate = (events: readonly FleetEvent[], stopped: ReadonlySet<string>, nowMs: number) => {
    const next = evaluateEvents(rule, { events, standing, stopped }, { alerts, memory }, nowMs)
    alerts = merged(alerts, next.alerts)
    memory = next.memory
  }
  for (const event of given.events ?? []) {
    const atMs = START_MS + event.after * 1000
    evaluate([fleetEvent(event, atMs)], new Set(), atMs + 1_000)
  }
  if (given.stopped) evaluate([], new Set(alerts.keys()), START_MS + 60_000)
  return alerts
}

type CaseEvent = NonNullable<RuleCase['events']>[number]

const fleetEvent = (event: CaseEvent, atMs: number): FleetEvent => {
  const { type, code, severity, edge, source, device } = event
  const about = { type, code, severity, edge, source, device, at_ms: atMs }
  const told = { ...about, node: `n${device}`, cluster: 'east', collector: 'c1', message: type }
  return event.class === undefined ? told : { ...told, fault_class: event.class }
}

function alertsAfterSteps(rule: ValueRule, given: RuleCase): ReadonlyMap<string, Alert> {
  let alerts: ReadonlyMap<string, Alert> = new Map()
  let memory = NO_VALUE_MEMORY
  let atMs = START_MS
  for (const { seconds, value } of given.steps ?? []) {
    const endMs = atMs + seconds * 1000
    for (; atMs <= endMs; atMs += Math.max(PASS_MS, rule.every * 1000)) {
      const rows = [{ labels: {}, value, devices: given.devices }]
      const answer = { atMs, rows, covered: { nvidia: 1 } }
      const next = evaluateValue(rule, answer, { alerts, memory }, atMs)
      alerts = merged(alerts, next.alerts)
      memory = next.memory
    }
  }
  return alerts
}

const merged = (
  before: ReadonlyMap<string, Alert>,
  changed: readonly Alert[],
): ReadonlyMap<string, Alert> =>
  new Map([...before, ...changed.map((alert) => [alert.fingerprint, alert] as const)])
