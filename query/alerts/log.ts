import {
  type Acknowledgement,
  type Alert,
  type AlertTransition,
  type DeliveryResult,
  GONE,
  type Notification,
  type RosterOverride,
  type Silence,
} from '#schemas/alerts/alert.ts'
import type { TimelineEntry } from '#schemas/api-alerts.ts'
import { TIMELINE_MAX } from '#schemas/api-alerts.ts'
import type { JournalEntry } from '#schemas/journal.ts'

type StateEntry = Extract<TimelineEntry, { kind: 'state' }>
type ToldEntry = Extract<TimelineEntry, { kind: 'told' }>

/** What happened to one alert, oldest first. */
export interface AlertTrack {
  readonly states: StateEntry[]
  readonly values: { at_ms: number; value: number | null }[]
  /** Older ones than those kept. */
  dropped: number
  last: Alert
}

/** A message as it went. */
export interface ToldNote {
  readonly notification: Notification
  entry: ToldEntry
}

/** One attempt, numbered as the journal has them: the same in every process. */
export interface LoggedAttempt {
  readonly number: number
  readonly result: DeliveryResult
}

/** How a channel fared last. */
export interface ChannelTrack {
  acceptedMs: number | null
  /** The newest attempt that was not accepted. */
  failed: DeliveryResult | null
  isGone: boolean
}

/** Beyond these the oldest are forgotten, so that memory is bounded whatever the journal holds. */
export const LOG_LIMITS = {
  tracks: 20_000,
  notes: 20_000,
  acks: 10_000,
  silences: 10_000,
  episodes: 50_000,
  attempts: 20_000,
  overrides: 1_000,
} as const
/** States and values of all alerts together. */
const POINTS_MAX = 400_000
const SLACK = 0.25

/** What the state of alerting forgets and people still ask for: timelines and what fired, folded from the journal. */
export interface AlertLog {
  /** By fingerprint, the one with the oldest news first. */
  readonly tracks: Map<string, AlertTrack>
  /** By id of the notification, oldest first. */
  readonly notes: Map<string, ToldNote>
  readonly acks: { sequence: number; ack: Acknowledgement }[]
  readonly silences: { at_ms: number; silence: Silence }[]
  /** Oldest first. */
  readonly attempts: LoggedAttempt[]
  attemptsSeen: number
  /** By name. */
  readonly channels: Map<string, ChannelTrack>
  /** Who entered each override, the newest word of each id. */
  readonly overrides: Map<string, { readonly override: RosterOverride; readonly who: string }>
  /** By fingerprint and when it fired, oldest first: the alert as it was last seen. */
  readonly episodes: Map<string, Alert>
  /** When an alert of a rule last fired, by rule. */
  readonly lastMatchMs: Map<string, number>
  /** Newest entry of the evaluator, epoch ms. */
  evaluatorMs: number | null
  /** Its oldest one. */
  firstEvaluatorMs: number | null
  /** When somebody let a rule observe again, by rule: the newest time. */
  readonly withdrawnMs: Map<string, number>
  /** What fired before it may have been forgotten, epoch ms. */
  knownFromMs: number
  points: number
}

export const newAlertLog = (): AlertLog => ({
  tracks: new Map(),
  notes: new Map(),
  acks: [],
  silences: [],
  attempts: [],
  attemptsSeen: 0,
  channels: new Map(),
  overrides: new Map(),
  episodes: new Map(),
  lastMatchMs: new Map(),
  evaluatorMs: null,
  firstEvaluatorMs: null,
  withdrawnMs: new Map(),
  knownFromMs: 0,
  points: 0,
})

/** Adds one entry of the journal; each exactly once, in order. */
export function addToLog(log: AlertLog, { sequence, at_ms, who, body }: JournalEntry): void {
  switch (body.kind) {
    case 'alerts':
      // Drills and tests are written by query, not by who evaluates.
      if (body.notifications.every(({ reason }) => reason !== 'drill' && reason !== 'test')) {
        log.evaluatorMs = Math.max(log.evaluatorMs ?? 0, at_ms)
        log.firstEvaluatorMs ??= at_ms
      }
      for (const transition of body.transitions) change(log, transition)
      for (const notification of body.notifications) tell(log, notification)
      return
    case 'alert_deliveries':
      for (const result of body.results) {
        attempted(log, result)
        const note = log.notes.get(result.id)
        if (note === undefined) continue
        const { attempt: attempts, outcome, at_ms: outcome_ms, detail } = result
        note.entry = { ...note.entry, attempts, outcome, outcome_ms, detail }
      }
      return
    case 'alert_acks':
      for (const ack of body.acks) log.acks.push({ sequence, ack })
      trim(log.acks, LOG_LIMITS.acks)
      return
    case 'silences':
      for (const silence of body.silences) log.silences.push({ at_ms, silence })
      trim(log.silences, LOG_LIMITS.silences)
      return
    case 'rule_trust':
      if (body.trust === 'observing') log.withdrawnMs.set(body.rule, at_ms)
      return
    case 'roster':
      for (const override of body.overrides) log.overrides.set(override.id, { override, who })
      for (const id of log.overrides.keys()) {
        if (log.overrides.size <= LOG_LIMITS.overrides) break
        log.overrides.delete(id)
      }
      return
    default:
  }
}

function attempted(log: AlertLog, result: DeliveryResult): void {
  const { channel, outcome, at_ms: atMs, detail } = result
  log.attemptsSeen += 1
  log.attempts.push({ number: log.attemptsSeen, result })
  if (log.attempts.length > LOG_LIMITS.attempts * (1 + SLACK))
    trim(log.attempts, LOG_LIMITS.attempts)
  const track = log.channels.get(channel) ?? { acceptedMs: null, failed: null, isGone: false }
  log.channels.set(channel, track)
  if (outcome === 'accepted') track.acceptedMs = Math.max(track.acceptedMs ?? 0, atMs)
  if (outcome === 'failed' || outcome === 'dead') track.failed = result
  // As the sender counts it: a receiver is there again after an acceptance, or when people ask it again.
  if (outcome === 'accepted' || outcome === 'replayed') track.isGone = false
  else if (detail.startsWith(GONE)) track.isGone = true
}

function change(log: AlertLog, { at_ms, from, alert }: AlertTransition): void {
  const { fingerprint, fired_ms: firedMs } = alert
  const track = log.tracks.get(fingerprint) ?? { states: [], values: [], dropped: 0, last: alert }
  const before = track.states.at(-1)
  const suppressed = alert.suppressed ?? null
  const isNews =
    before === undefined ||
    before.to !== alert.state ||
    before.severity !== alert.severity ||
    before.mode !== alert.mode ||
    before.suppressed?.by !== suppressed?.by
  if (isNews) {
    const { state: to, severity, mode, because } = alert
    track.states.push({ kind: 'state', at_ms, from, to, severity, mode, suppressed, because })
    log.points += 1
  }
  track.values.push({ at_ms, value: alert.reading.value })
  log.points += 1
  track.last = alert
  const [states, values] = [trim(track.states, TIMELINE_MAX), trim(track.values, TIMELINE_MAX)]
  track.dropped += states
  log.points -= states + values
  // The one with the newest news is forgotten last.
  log.tracks.delete(fingerprint)
  log.tracks.set(fingerprint, track)
  if (isOver(log.tracks, LOG_LIMITS.tracks) || log.points > POINTS_MAX + POINTS_MAX * SLACK)
    for (const [oldest, { states: gone, values: past }] of log.tracks) {
      if (log.tracks.size <= LOG_LIMITS.tracks && log.points <= POINTS_MAX) break
      log.points -= gone.length + past.length
      log.tracks.delete(oldest)
    }
  if (firedMs === null) return
  log.episodes.set(`${fingerprint} ${firedMs}`, alert)
  log.lastMatchMs.set(alert.rule, Math.max(log.lastMatchMs.get(alert.rule) ?? 0, firedMs))
  if (!isOver(log.episodes, LOG_LIMITS.episodes)) return
  for (const [key, { fired_ms: gone }] of log.episodes) {
    if (log.episodes.size <= LOG_LIMITS.episodes) break
    log.episodes.delete(key)
    log.knownFromMs = Math.max(log.knownFromMs, (gone ?? 0) + 1)
  }
}

/** Forgetting begins a quarter beyond the limit and ends at it: one by one it would walk through the gaps each time. */
const isOver = (map: ReadonlyMap<string, unknown>, limit: number) =>
  map.size > limit + limit * SLACK

function tell(log: AlertLog, notification: Notification): void {
  const { id, at_ms, channel, mention, reason, severity, lines } = notification
  const entry: ToldEntry = {
    kind: 'told',
    at_ms,
    id,
    channel,
    mention,
    reason,
    severity,
    line: { en: lines.en[0] ?? '', zh: lines.zh[0] ?? '' },
    outcome: 'waiting',
    attempts: 0,
    outcome_ms: null,
    detail: '',
  }
  log.notes.set(id, { notification, entry })
  if (!isOver(log.notes, LOG_LIMITS.notes)) return
  for (const key of log.notes.keys()) {
    if (log.notes.size <= LOG_LIMITS.notes) break
    log.notes.delete(key)
  }
}

/** Drops the oldest beyond `most`; how many. */
function trim(list: unknown[], most: number): number {
  const over = list.length - most
  if (over <= 0) return 0
  list.splice(0, over)
  return over
}
