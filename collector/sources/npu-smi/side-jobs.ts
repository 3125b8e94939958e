import { HEALTH_CODES } from '#schemas/metrics.ts'
import type { LiveState } from './live-state.ts'
import { FIELD_METRICS, LINK_FIELDS, healthCode } from './map.ts'
import { is310P } from './model.ts'
import type { FieldBlock } from './parse-fields.ts'
import type { NpuOutput } from './parse-output.ts'
import type { TableChip } from './table-devices.ts'

/** A further call of the tool beside `npu-smi info`, in the order they are worked off when several are due. */
export const SIDE_QUERIES = [
  'mapping',
  'board',
  'health',
  'usages',
  'power',
  'memory',
  'hccs',
  'ecc',
] as const
export type SideQuery = (typeof SIDE_QUERIES)[number]

export interface SideJob {
  readonly query: SideQuery
  readonly args: readonly string[]
  readonly npu: number
  /** The chip that was asked for; null where the answer holds all chips of the card. */
  readonly chip: number | null
  /** Bus the box printed for the chip when the job was made. */
  readonly bus: string | null
  /** How often it was tried and stopped. */
  readonly attempts: number
}

/** One chip's part of an answer that is slower than the reads. */
export interface Remembered {
  readonly atMs: number
  readonly bus: string | null
  readonly block: FieldBlock | null
}

/** Name of a chip's place in the notes. */
export function placeKey(npu: number, chip: number): string {
  return `${npu}/${chip}`
}

/** Which further calls the configuration allows. */
export interface SideOptions {
  readonly identity: boolean
  readonly usages: boolean
  readonly details: boolean
}

/** A known identity is asked for again after this time, ms: cards are swapped in running hosts. */
const IDENTITY_TTL_MS = 3_600_000
/** A query the product does not support is asked again after a day, ms. */
export const UNSUPPORTED_PAUSE_MS = 86_400_000

/** Rhythm and meaning of the queries about one chip or card. */
interface Rhythm {
  /** A new sweep over all chips begins at most this often, ms. */
  readonly sweepMs: number
  /** An answer speaks for at most this long, ms: a sweep and the ticks it is spread over. */
  readonly maxAgeMs: number
  /** Keys that are kept; the box is fresher in all others. */
  readonly keys: ReadonlySet<string>
  /** Asked for each chip (`-c`), or once for a card, whose chips follow one another. */
  readonly perChip: boolean
  readonly option: keyof SideOptions | null
  /** Whether a chip has something to say that the box does not print. */
  readonly wants: (chip: TableChip) => boolean
}

const is310 = (chip: TableChip) => /^(?:Ascend\s*)?310/i.test(chip.row.printedName)
const fieldKeys = (pattern: RegExp) =>
  new Set(Object.keys(FIELD_METRICS).filter((key) => pattern.test(key)))

/** Board answers are planned by `planIdentity`; they stay true until the card is swapped. */
const BOARD_KEYS: ReadonlySet<string> = new Set([
  'vdie id',
  'ddie id',
  'ndie id',
  'firmware version',
  'serial number',
  'product name',
])

export const RHYTHMS: Readonly<Record<Exclude<SideQuery, 'mapping' | 'board'>, Rhythm>> = {
  health: {
    sweepMs: 60_000,
    maxAgeMs: 90_000,
    keys: new Set(['error code', 'error information']),
    perChip: true,
    option: null,
    wants: isUnwell,
  },
  usages: {
    sweepMs: 60_000,
    maxAgeMs: 90_000,
    keys: fieldKeys(/usage rate$|^npu utilization$/),
    perChip: false,
    option: 'usages',
    wants: () => true,
  },
  /** 310P boards print no power in the box; the figure is the card's. */
  power: {
    sweepMs: 60_000,
    maxAgeMs: 90_000,
    keys: fieldKeys(/power/),
    perChip: false,
    option: 'details',
    wants: ({ row }) => row.powerWatts === null && is310P(row.printedName),
  },
  /** HBM temperature; the 310 family has no HBM. */
  memory: {
    sweepMs: 120_000,
    maxAgeMs: 180_000,
    keys: new Set(['hbm temperature', 'hbm clock speed']),
    perChip: false,
    option: 'details',
    wants: (chip) => !is310(chip),
  },
  hccs: {
    sweepMs: 300_000,
    maxAgeMs: 450_000,
    keys: new Set([...Object.keys(LINK_FIELDS), 'hccs lane mode', 'hccs health status']),
    perChip: true,
    option: 'details',
    wants: (chip) => !is310(chip),
  },
  ecc: {
    sweepMs: 600_000,
    maxAgeMs: 900_000,
    keys: fieldKeys(/bit /),
    perChip: false,
    option: 'details',
    wants: () => true,
  },
}

/** True for a chip whose health word says more than OK. */
export function isUnwell({ row }: TableChip): boolean {
  return (healthCode(row.healthWord) ?? 0) > HEALTH_CODES.ok
}

/** Queries with a rhythm, in the order they are worked off. */
const TIMED = SIDE_QUERIES.filter((query) => query !== 'mapping' && query !== 'board')

/** Adds the sweeps that are due to the queue; one that is still under way is finished first. */
export function planJobs(
  state: LiveState,
  chips: readonly TableChip[],
  options: SideOptions,
  nowMs: number,
): void {
  const before = state.queue.length
  if (options.identity && isDue(state, 'board', nowMs)) planIdentity(state, chips, nowMs)
  for (const query of TIMED) {
    const { option, sweepMs, perChip, wants } = RHYTHMS[query]
    if ((option !== null && !options[option]) || !isDue(state, query, nowMs)) continue
    const wanted = chips.filter(wants)
    if (wanted.length === 0) continue
    state.nextSweepMs.set(query, nowMs + sweepMs)
    if (perChip)
      for (const { row, chip } of wanted) state.queue.push(sideJob(query, row.npu, { chip }))
    else
      for (const npu of new Set(wanted.map(({ row }) => row.npu)))
        state.queue.push(sideJob(query, npu))
  }
  if (state.queue.length > before)
    state.queue.sort((a, b) => SIDE_QUERIES.indexOf(a.query) - SIDE_QUERIES.indexOf(b.query))
}

/** Cards without a fresh identity, at most every ten minutes. */
const IDENTITY_SWEEP_MS = 600_000

function planIdentity(state: LiveState, chips: readonly TableChip[], nowMs: number): void {
  state.nextSweepMs.set('board', nowMs + IDENTITY_SWEEP_MS)
  const unknown = chips.filter(({ row, chip }) => {
    const board = state.notes.board.get(placeKey(row.npu, chip))
    const fresh = board !== undefined && nowMs - board.atMs < IDENTITY_TTL_MS
    return !fresh || board.bus !== row.bus
  })
  if (unknown.length > 0) state.queue.push(sideJob('mapping', 0))
  for (const { row, chip } of unknown)
    state.queue.push(sideJob('board', row.npu, { chip, bus: row.bus }))
}

function isDue(state: LiveState, query: SideQuery, nowMs: number): boolean {
  return (
    nowMs >= (state.nextSweepMs.get(query) ?? 0) && !state.queue.some((job) => job.query === query)
  )
}

function sideJob(
  query: SideQuery,
  npu: number,
  { chip = null, bus = null }: { chip?: number | null; bus?: string | null } = {},
): SideJob {
  const card = ['info', '-t', query, '-i', String(npu)]
  const args = chip === null ? card : [...card, '-c', String(chip)]
  return {
    query,
    args: query === 'mapping' ? ['info', '-m'] : args,
    npu,
    chip,
    bus,
    attempts: 0,
  }
}

/** The next job whose query is not paused; the job stays in the queue. */
export function nextJob(state: LiveState, nowMs: number): SideJob | null {
  for (;;) {
    const job = state.queue[0]
    if (job === undefined) return null
    if (nowMs >= (state.pausedUntilMs.get(job.query) ?? 0)) return job
    state.queue.shift()
  }
}

/** Keeps what an answer said; an answer that says "not supported" stops the query for a day. */
export function remember(state: LiveState, job: SideJob, answer: NpuOutput, nowMs: number): void {
  if (answer.failures.some(({ failure }) => failure.reason === 'not_supported')) {
    state.pausedUntilMs.set(job.query, nowMs + UNSUPPORTED_PAUSE_MS)
    return
  }
  const { query } = job
  if (query === 'mapping') {
    if (answer.mappings.length > 0) state.mappings = answer.mappings
    return
  }
  const notes = state.notes[query]
  const keys = query === 'board' ? BOARD_KEYS : RHYTHMS[query].keys
  const note = (block: FieldBlock | null): Remembered => ({ atMs: nowMs, bus: job.bus, block })
  if (query === 'board') notes.set(placeKey(job.npu, job.chip ?? 0), note(null))
  for (const block of answer.blocks) {
    // Asked for one chip, the answer is that chip's; else it holds all chips of the card. The power of a
    // 310P is the card's, however often it is printed: it is kept once.
    const chip = job.chip ?? (query === 'power' ? 0 : (block.chip ?? 0))
    const fields = new Map([...block.fields].filter(([key]) => keys.has(key)))
    if (fields.size === 0) continue
    const place = placeKey(job.npu, chip)
    if (query === 'power' && notes.get(place)?.atMs === nowMs) continue
    notes.set(place, note({ npu: job.npu, chip, fields, processes: null }))
  }
}
