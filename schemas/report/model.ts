import { z } from 'zod'
import { LEDGER_STATES } from '#schemas/ledger.ts'
import { COST_ROWS_MAX, CostRow } from './costs.ts'
import { Figure, ReportWords } from './figure.ts'
import { Section } from './section.ts'

/**
 * The one model behind all formats of a report. Whoever renders it adds no number and no sentence: figures are printed
 * (`Figure.text`), sentences are in both languages.
 */

const time = z.iso.datetime()
const ratio = z.number().min(0).max(1)

/** `2026-W47`, `2026-11`, or days of the site `2026-11-03..2026-11-09`, the last included. */
export const ReportId = z
  .string()
  .regex(
    /^\d{4}-(W\d{2}|\d{2}|\d{2}-\d{2}\.\.\d{4}-\d{2}-\d{2})$/,
    '2026-W47, 2026-11, or 2026-11-03..2026-11-09',
  )
export type ReportId = z.infer<typeof ReportId>

/** Days of one period. */
export const HOLIDAYS_MAX = 400

/** Numbers that the first page may print. */
export const PAGE_NUMBERS_MAX = 12

/** Names of the first page's numbers, in their order. */
export const PAGE_NUMBERS = [
  'utilization',
  'short_points',
  'short_gpu_hours',
  'short_usd',
  'minutes_below_danger',
  'change_points',
  'change_usd',
  'coverage',
  'util_lo',
  'util_hi',
  'sold',
  'allocated',
  'used',
] as const

export const PageNumber = z.strictObject({
  name: z.enum(PAGE_NUMBERS),
  label: ReportWords,
  figure: Figure,
})
export type PageNumber = z.infer<typeof PageNumber>

/** What an action is about: who does what, and what it would bring. */
export const ReportAction = z.strictObject({
  /** The same in the report that promises and in the one that judges. */
  id: z.string().regex(/^[0-9a-z-]{1,64}$/),
  kind: z.enum(['idle_tenant', 'idle_job', 'failed', 'drained', 'unsold', 'throttled', 'coverage']),
  /** Tenant, job, pool… it is about. */
  subject: z.string().max(256),
  owner: ReportWords,
  words: ReportWords,
  /** Local date of the site by which it should be done. */
  due: z.iso.date(),
  /** What it cost in this period, dollars. */
  cost: Figure,
  /** What of that is to come back in the next: half. */
  promised: Figure,
})
export type ReportAction = z.infer<typeof ReportAction>

/** An action of the report before, judged by the same figure a week later. */
export const JudgedAction = ReportAction.extend({
  /** done: at least 80 % of the promise came back; partly: at least 20 %; not_known: the figure is missing now. */
  state: z.enum(['done', 'partly', 'open', 'worse', 'not_known']),
  /** Dollars that the week lost less by it than the week before. */
  returned: Figure,
  /** `promised $41,000, returned $28,600`. */
  result: ReportWords,
})
export type JudgedAction = z.infer<typeof JudgedAction>

/** Bars of the waterfall, from capacity to busy: steps below zero take away; `cut` is what throttled and inefficient time lacks of busy. */
export const WaterfallBar = z.strictObject({
  step: z.enum(['capacity', ...LEDGER_STATES, 'part_busy', 'cut', 'busy_while_quiet', 'busy']),
  title: ReportWords,
  /** Signed; the steps between the first and the last sum to their difference as printed. */
  gpu_hours: Figure,
  /** What it cost; null for what is no loss, and for unknown time, which is never priced. */
  usd: Figure.nullable(),
  /** Share of capacity, for drawing only. */
  share: z.number(),
})
export type WaterfallBar = z.infer<typeof WaterfallBar>

/** One hour of the heat map. */
export const HourCell = z.strictObject({
  from: time,
  /** Of the site: `2026-11-16`, and 0 to 23; an hour that comes twice when clocks go back is told apart by `from`. */
  local_date: z.iso.date(),
  local_hour: z.int().min(0).max(23),
  /** For colour; unknown is hatched. */
  utilization: ratio.nullable(),
  coverage: ratio.nullable(),
  /** Settled minutes of it whose fleet utilization was below each level. */
  below: z.strictObject({ danger: z.int(), warn: z.int(), target: z.int() }),
  /** Minutes in which nothing was known. */
  unknown_minutes: z.int(),
})
export type HourCell = z.infer<typeof HourCell>

/** A holiday of the site within the period, marked in the heat map. */
export const ReportHoliday = z.strictObject({ date: z.iso.date(), name: ReportWords })
export type ReportHoliday = z.infer<typeof ReportHoliday>

/** One figure that a revision changed. */
export const ReportChange = z.strictObject({
  what: ReportWords,
  before: Figure,
  after: Figure,
  why: ReportWords,
})
export type ReportChange = z.infer<typeof ReportChange>

/** What a report stands on: with it the figures can be asked again. */
export const ReportSources = z.strictObject({
  /** Named queries that answered, sorted. */
  query_ids: z.array(z.string().max(80)).max(80),
  /** SHA-256 of their statements, hex, over all in that order. */
  queries_hash: z.string().max(64),
  settled_until: time.nullable(),
  states_final_until: time.nullable(),
  /** Last entry of the journal when the figures were read, and the entry of each document they go by; null = none. */
  journal: z.int().min(0),
  prices: z.int().nullable(),
  contracts: z.int().nullable(),
  owners: z.int().nullable(),
  cost_book: z.int().nullable(),
  /** How many entries changed meters and loops, and the inventory. */
  facility_entries: z.int().min(0),
  inventory_entries: z.int().min(0),
})
export type ReportSources = z.infer<typeof ReportSources>

/** JSON of a report begins with these fields in this order: programs may rely on them. */
export const ReportModel = z.strictObject({
  /** The period's id; `week` also for months and ranges. */
  week: ReportId,
  /** 1 = as first issued; 0 = a draft that was never issued. */
  revision: z.int().min(0),
  from: time,
  to: time,
  /** busy / known, unrounded as /api/v1/ledger answers it. */
  utilization: ratio.nullable(),
  coverage: ratio.nullable(),
  definition: z.string().max(32),

  kind: z.enum(['week', 'month', 'range']),
  /** whole; so_far: the period still runs, up to what is settled; partial: data begins after its beginning. */
  state: z.enum(['whole', 'so_far', 'partial']),
  time_zone: z.string().max(64),
  /** Length as compared, hours: 167 or 169 in a week in which clocks change. */
  hours: z.number().min(0),
  /** Name of the site as entered; empty = nobody said. */
  site: z.string().max(256),
  simulated: z.boolean(),
  title: ReportWords,
  /** What it is compared with, cut to the same length where this period still runs; null = nothing was known then. */
  versus: z.strictObject({ week: ReportId, from: time, to: time }).nullable(),

  page: z.strictObject({
    verdict: ReportWords,
    /** Why it moved: parts that sum. */
    cause_line: ReportWords,
    /** How much is known, and what is not. */
    data_line: ReportWords,
    /** Those that the verdict prints. */
    numbers: z.array(PageNumber).max(PAGE_NUMBERS_MAX),
    actions: z.array(ReportAction).max(3),
    last_actions: z.array(JudgedAction).max(3),
  }),
  /** The chat card: verdict and causes; the sender adds the link. */
  card: ReportWords,
  waterfall: z.array(WaterfallBar).max(16),
  /** Every hour of the period, in order; a month has up to 745, longer ranges none. */
  heat_map: z.array(HourCell).max(800),
  /** In order; as the site's file named them when the report was made. */
  holidays: z.array(ReportHoliday).max(HOLIDAYS_MAX),
  /** Time by tenant, model, pool and state with its prices; all rows sum to capacity. */
  costs: z.array(CostRow).max(2 * COST_ROWS_MAX),
  /** What this revision changed, empty for the first. */
  changes: z.array(ReportChange).max(200),
  sections: z.array(Section).max(16),
  sources: ReportSources,
})
export type ReportModel = z.infer<typeof ReportModel>
