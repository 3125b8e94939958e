import type { AlertFacts, FleetEvent } from '#schemas/alerts/ports.ts'
import type { Rule, ValueRule } from '#schemas/alerts/rule.ts'
import type { AlertSeverity } from '#schemas/alerts/severity.ts'
import type { SignalAnswer } from '#schemas/alerts/signals.ts'
import type { AlertState } from '#schemas/alerts/state.ts'
import type { ZoneSet } from '#schemas/alerts/zone-set.ts'
import { evaluateZone, ZONE_HISTORY_MS } from '../zones/evaluate.ts'
import { explainQuestion, restoredQuestion, zoneSeverity } from '../zones/reading.ts'
import { zonePages } from '../zones/pages.ts'
import { SLICE_MS } from '../zones/slices.ts'
import { waitingWork } from '../zones/waiting.ts'
import { restoredBy, whoToTell, type WhoToTell } from '../zones/who.ts'
import type { PassInput } from './decide.ts'
import { type EventInput, type Standing, STOPPED_WITHIN_MS } from './evaluate-event.ts'
import { hasLeftDanger, type ZoneInput, zoneFingerprint } from './evaluate-zone.ts'

/** Devices asked about at a time. */
const DEVICES_MAX = 5_000
const SIGNALS_AT_ONCE = 4
/** Of these the end is told with what brought it. */
const TOLD_AT_ONCE = new Set<AlertSeverity>(['page', 'warn'])
const STANDING_MS = 2_000
/** A store that let us wait once is not waited for like that again for a while, ms: events stand in line behind it. */
const STANDING_AGAIN_MS = 200
const HUNG_MS = 30_000
const hungUntil = new WeakMap<AlertFacts, number>()

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** What signals said, and how long reading took, by rule. */
export interface Gathered {
  readonly signals: PassInput['signals']
  readonly readMs: ReadonlyMap<string, number>
}

/** What the signals of these rules say; each signal is asked once. `stopwatch` counts ms. */
export async function gatherSignals(
  facts: AlertFacts,
  rules: readonly ValueRule[],
  stopwatch: () => number,
): Promise<Gathered> {
  const names = [...new Set(rules.map(({ signal }) => signal))]
  const answers = new Map<string, SignalAnswer | { readonly failed: string }>()
  const tookMs = new Map<string, number>()
  const ask = async () => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      const startedMs = stopwatch()
      const answer = await facts
        .signal(name)
        .catch((error: unknown) => ({ failed: reasonOf(error) }))
      answers.set(name, answer)
      tookMs.set(name, stopwatch() - startedMs)
    }
  }
  await Promise.all(Array.from({ length: SIGNALS_AT_ONCE }, ask))
  const byRule = <T>(known: ReadonlyMap<string, T>) =>
    new Map(
      rules.flatMap((rule) => {
        const found = known.get(rule.signal)
        return found === undefined ? [] : [[rule.name, found] as const]
      }),
    )
  return { signals: byRule(answers), readMs: byRule(tookMs) }
}

/** Where the devices of events stand and which jobs have ended. Without the store: nothing known, the events count. */
export async function gatherEvents(
  facts: AlertFacts | null,
  events: readonly FleetEvent[],
  from: { readonly state: AlertState; readonly rules: readonly Rule[]; readonly nowMs: number },
): Promise<EventInput> {
  const candidates = jobCandidates(from.state, from.rules, from.nowMs)
  const devices = new Set(events.flatMap(({ device }) => (device === '' ? [] : device)))
  for (const { device } of candidates) devices.add(device)
  const standing = await standingOf(facts, [...devices])
  const stopped = candidates.flatMap(({ fingerprint, device, job }) => {
    const now = standing.get(device)
    return now !== undefined && now.job !== job ? fingerprint : []
  })
  return { events, standing, stopped: new Set(stopped) }
}

async function standingOf(
  facts: AlertFacts | null,
  devices: readonly string[],
): Promise<ReadonlyMap<string, Standing>> {
  const all = new Map<string, Standing>()
  if (facts === null) return all
  for (let at = 0; at < devices.length; at += DEVICES_MAX) {
    const isHung = performance.now() < (hungUntil.get(facts) ?? 0)
    const waitMs = isHung ? STANDING_AGAIN_MS : STANDING_MS
    const some = await soon(facts.standing(devices.slice(at, at + DEVICES_MAX)), waitMs)
    if (some === 'late') {
      if (!isHung) hungUntil.set(facts, performance.now() + HUNG_MS)
      return all
    }
    hungUntil.delete(facts)
    if (some === null) return all
    for (const [device, standing] of some) all.set(device, standing)
  }
  return all
}

/** An answer that is there in time; null = refused. An event is told of without its place rather than late. */
async function soon<T>(answer: Promise<T>, waitMs: number): Promise<T | null | 'late'> {
  const { promise: late, resolve } = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => resolve('late'), waitMs)
  try {
    return await Promise.race([answer.catch(() => null), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Alerts that would page if their job turned out to have ended. */
function jobCandidates(state: AlertState, rules: readonly Rule[], nowMs: number) {
  const asking = new Set(
    rules.flatMap((rule) =>
      rule.lane === 'event' && rule.escalate?.job_devices !== undefined ? rule.name : [],
    ),
  )
  return [...state.alerts.values()].flatMap(({ alert }) => {
    const { device, job } = alert.labels
    const isYoung = nowMs - (alert.fired_ms ?? 0) <= STOPPED_WITHIN_MS
    if (!asking.has(alert.rule) || alert.state !== 'firing' || alert.severity === 'page') return []
    if (!isYoung || device === undefined || job === undefined) return []
    return { fingerprint: alert.fingerprint, device, job }
  })
}

/** The newest closed slice of each scope of each set, with what on-call needs to know where it would page. */
export async function gatherZones(
  facts: AlertFacts,
  from: {
    readonly sets: readonly ZoneSet[]
    readonly settledUntilMs: number
    readonly timeZone: string
    /** Names of zone rules: who is to be told is asked where none of them pages yet. */
    readonly rules: readonly string[]
    readonly state: AlertState
  },
): Promise<NonNullable<PassInput['zones']>> {
  const toMs = Math.floor(from.settledUntilMs / SLICE_MS) * SLICE_MS
  const inputs: ZoneInput[] = []
  for (const set of from.sets) {
    for await (const { scope, outcome } of newestOutcomes(facts, set, toMs)) {
      const severity = zoneSeverity(set, outcome, from.timeZone)
      const usdPerHour = severity === null ? null : await facts.lossPerHour(scope).catch(() => null)
      const known = from.rules.map((rule) =>
        from.state.alerts.get(zoneFingerprint(rule, { set, scope })),
      )
      const isToldSo = known.some(
        (one) => one?.alert.state === 'firing' && one.alert.severity === 'page',
      )
      const who =
        severity === 'page' && !isToldSo
          ? await whoOf(facts, {
              scope,
              question: explainQuestion(outcome),
              timeZone: from.timeZone,
            })
          : null
      const isEnding = known.some(
        (one) =>
          one?.alert.state === 'firing' &&
          (hasLeftDanger(one.alert, outcome) ||
            (severity === null && TOLD_AT_ONCE.has(one.alert.severity))),
      )
      const restored = isEnding
        ? restoredBy(
            await facts.explain({ ...restoredQuestion(outcome), labels: scope }).catch(() => null),
            from.timeZone,
          )
        : null
      inputs.push({ set, scope, outcome, usdPerHour, who, restored })
    }
  }
  return { inputs, isWhole: inputs.length > 0 }
}

/** Only the newest outcome of a scope is kept: three days of slices of thousands of scopes would fill the memory. */
async function* newestOutcomes(facts: AlertFacts, set: ZoneSet, toMs: number) {
  for await (const page of zonePages(facts, set, { fromMs: toMs - ZONE_HISTORY_MS, toMs }))
    for (const { labels: scope, slices } of page) {
      const outcome = evaluateZone(set, slices).at(-1)
      if (outcome !== undefined) yield { scope, outcome }
    }
}

async function whoOf(
  facts: AlertFacts,
  about: {
    readonly scope: ZoneInput['scope']
    readonly question: { readonly atMs: number; readonly windowMs: number }
    readonly timeZone: string
  },
): Promise<WhoToTell> {
  const { scope: labels, question, timeZone } = about
  const explain = await facts.explain({ ...question, labels }).catch(() => null)
  const idle = await facts.signal('mass_idle').catch(() => null)
  const massIdle = idle?.rows.some(({ value }) => value !== null && value > 0) ?? false
  const waiting = waitingWork(await facts.scheduler(labels).catch(() => null))
  return whoToTell({ explain, waiting, massIdle, timeZone })
}
