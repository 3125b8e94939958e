import { z } from 'zod'
import { Alert } from './alerts/alert.ts'
import { AlertSeverity, Words } from './alerts/severity.ts'
import { ZONE_SCOPES } from './alerts/zone-set.ts'

/** Longest window of one backtest, days. */
export const BACKTEST_DAYS_MAX = 92
/** Alerts of one backtest that are listed, the newest. */
export const BACKTEST_TOLD_MAX = 500

const epochMs = z.int().min(0).max(8.64e15)
const count = z.int().min(0)
const text = (max: number) => z.string().max(max)
const epochText = z
  .string()
  .regex(/^\d{1,16}$/, 'epoch ms')
  .transform(Number)
  .pipe(epochMs)

/** GET and POST /api/v1/alerts/backtest */
export const BacktestQuery = z.strictObject({
  rule: text(64).optional(),
  from: epochText.optional().describe('start of what is judged, epoch ms'),
  to: epochText.optional().describe('end, epoch ms'),
  scope: z
    .enum(ZONE_SCOPES)
    .optional()
    .describe('zone and forecast rules: each of these instead of the zone sets in force'),
})
export type BacktestQuery = z.infer<typeof BacktestQuery>

/** A backtest that is asked for. */
export const BacktestRequest = z.strictObject({
  rule: text(64),
  from: epochText,
  to: epochText,
  scope: BacktestQuery.shape.scope,
})

/** One time that a rule would have told somebody. */
export const BacktestTold = z.strictObject({
  scope: text(512),
  severity: AlertSeverity,
  from_ms: epochMs,
  /** Null = not over at the end of the window. */
  to_ms: epochMs.nullable(),
  /** Of a rule that looks ahead: minutes until what it warned of came; null = it did not come, or it looks at what is. */
  lead_minutes: z.number().nullable(),
})
export type BacktestTold = z.infer<typeof BacktestTold>

export const BACKTEST_SHORTFALLS = ['days', 'nothing', 'lead', 'precision', 'false_pages'] as const
export const BacktestShortfall = z.strictObject({
  kind: z.enum(BACKTEST_SHORTFALLS),
  value: z.number(),
  bar: z.number(),
})
export type BacktestShortfall = z.infer<typeof BacktestShortfall>

export const BacktestResult = z.strictObject({
  told: z.array(BacktestTold).max(BACKTEST_TOLD_MAX),
  /** Earlier ones than those. */
  more: count,
  /** Share of the window that could be judged, 0..1. */
  judged: z.number().min(0).max(1),
  looks_ahead: z.boolean(),
  /** Of a rule that looks ahead: how often it should have spoken, and how often it did not. */
  came: count,
  missed: count,
  pages: count,
  warnings: count,
  pages_per_week: z.number().min(0),
  /** Null for rules that do not look ahead: by this measure they have none. */
  false_pages_per_week: z.number().min(0).nullable(),
  precision: z.number().min(0).max(1).nullable(),
  median_lead_minutes: z.number().nullable(),
  /** What is not met of the bar for paging; empty = it is met. */
  shortfalls: z.array(BacktestShortfall).max(8),
  /** What the journal keeps when it is accepted. */
  acceptance: text(1024),
})
export type BacktestResult = z.infer<typeof BacktestResult>

export const BacktestRun = z.strictObject({
  id: text(32),
  rule: text(64),
  from_ms: epochMs,
  to_ms: epochMs,
  scope: z.enum(ZONE_SCOPES).nullable(),
  state: z.enum(['running', 'done', 'failed']),
  /** 0..1 */
  progress: z.number().min(0).max(1),
  who: text(256),
  started_ms: epochMs,
  ended_ms: epochMs.nullable(),
  /** Why it failed. */
  error: text(1024).nullable(),
  result: BacktestResult.nullable(),
})
export type BacktestRun = z.infer<typeof BacktestRun>

/** Days a rule that cannot be tried observes before it may page. */
export const OBSERVE_DAYS = 7

/** What an observing rule did since it observes here. */
export const Observed = z.strictObject({
  /** Null = nothing was evaluated yet. */
  since_ms: epochMs.nullable(),
  /** From when on it can be accepted; null = not known yet. */
  enough_ms: epochMs.nullable(),
  would_have_paged: z.int().min(0),
})
export type Observed = z.infer<typeof Observed>

/** A rule and whether it can be tried on what is stored. */
export const BacktestRule = z.strictObject({
  name: text(64),
  title: Words,
  trust: Alert.shape.mode,
  /** How it began, before anybody accepted or withdrew anything. */
  begins: Alert.shape.mode,
  /** Why it cannot; null = it can. */
  gap: Words.nullable(),
  /** What it observed here, where that is what can be accepted: it observes and cannot be tried. */
  observed: Observed.nullable(),
})
export type BacktestRule = z.infer<typeof BacktestRule>

export const BacktestsAnswer = z.strictObject({
  at_ms: epochMs,
  /** Rules in force, those that begin by observing first. */
  rules: z.array(BacktestRule).max(1_000),
  /** Newest first; forgotten when the server stops. With a rule in the question only of that. */
  runs: z.array(BacktestRun).max(20),
  /** What is stored; null = nothing is settled. */
  known_from_ms: epochMs.nullable(),
  known_to_ms: epochMs.nullable(),
  simulated: z.boolean(),
})
export type BacktestsAnswer = z.infer<typeof BacktestsAnswer>

/** POST /api/v1/alerts/trust: accept a backtest that is done or what a rule observed here, or let a rule observe again. */
export const TrustRequest = z.union([
  z.strictObject({ accept: text(32).describe('id of the backtest') }),
  z.strictObject({
    accept_observed: text(64).describe(
      'name of a rule that cannot be tried and observed for 7 days',
    ),
  }),
  z.strictObject({ observe: text(64).describe('name of the rule') }),
])
export type TrustRequest = z.infer<typeof TrustRequest>

export const TrustAnswer = z.strictObject({ rule: text(64), trust: Alert.shape.mode })
export type TrustAnswer = z.infer<typeof TrustAnswer>
