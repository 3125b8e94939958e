import { HEALTH_CODES } from '#schemas/metrics.ts'
import type { Interpretation } from '#schemas/reading.ts'
import { healthCode } from './map.ts'
import type { ChipMapping } from './parse-columns.ts'
import type { FieldBlock } from './parse-fields.ts'
import type { NpuOutput } from './parse-output.ts'
import { type TableChip, tableChips } from './table-devices.ts'

/** A new identity sweep begins at most this often, ms. */
const IDENTITY_SWEEP_MS = 600_000
/** A known identity is asked for again after this time, ms: cards are swapped in running hosts. */
const IDENTITY_TTL_MS = 3_600_000
/** A new sweep of `-t usages` begins at most this often, ms. */
const USAGES_SWEEP_MS = 60_000
/** The fault codes of a chip that is not OK are asked for at most this often, ms. */
const HEALTH_SWEEP_MS = 60_000
/** A usages or health answer speaks for at most this long, ms: a sweep and the ticks it is spread over. */
const ANSWER_MAX_AGE_MS = 90_000
/** A query the product does not support is asked again after a day, ms. */
const UNSUPPORTED_PAUSE_MS = 86_400_000

type SideQuery = 'mapping' | 'board' | 'usages' | 'health'

/** One further call of the tool beside `npu-smi info`. */
export interface SideJob {
  readonly query: SideQuery
  readonly args: readonly string[]
  readonly npu: number
  readonly chip: number
  /** Bus the box printed for the chip when the job was made. */
  readonly bus: string | null
  /** How often it was tried and stopped. */
  readonly attempts: number
}

interface Remembered {
  readonly atMs: number
  readonly bus: string | null
  readonly block: FieldBlock | null
}

/** Keys of a board answer that stay true between sweeps; the box itself knows the bus. */
const BOARD_KEYS: ReadonlySet<string> = new Set([
  'vdie id',
  'ddie id',
  'firmware version',
  'serial number',
  'product name',
])
/** Keys of a health answer; the word itself is fresher in the box. */
const HEALTH_KEYS: ReadonlySet<string> = new Set(['error code', 'error information'])
/** Keys of a usages answer that the box does not print. */
const USAGES_KEYS: ReadonlySet<string> = new Set([
  'npu utilization',
  'aicore usage rate',
  'aicube usage rate',
  'aivector usage rate',
  'vectorcore usage rate',
  'hbm bandwidth usage rate',
  'ddr bandwidth usage rate',
  'memory bandwidth usage rate',
])

/** What one target's source remembers between reads. A class only so that `instanceof` finds it again. */
export class LiveState {
  readonly boards = new Map<string, Remembered>()
  readonly usages = new Map<string, Remembered>()
  readonly health = new Map<string, Remembered>()
  mappings: readonly ChipMapping[] = []
  readonly queue: SideJob[] = []
  readonly nextSweepMs = { identity: 0, usages: 0, health: 0 }
  readonly pausedUntilMs = new Map<SideQuery, number>()
  /** Set while the driver refuses everybody: the last answer, repeated without asking. */
  backOff: { readonly untilMs: number; readonly answer: Interpretation } | null = null
}

function placeKey(npu: number, chip: number): string {
  return `${npu}/${chip}`
}

/** All chips of the boxes of one read. */
export function chipsOf(output: NpuOutput): TableChip[] {
  return output.tables.flatMap(tableChips)
}

/** Fills the queue when a sweep is due; a sweep that is still under way is finished first. */
export function planJobs(
  state: LiveState,
  chips: readonly TableChip[],
  options: { readonly identity: boolean; readonly usages: boolean },
  nowMs: number,
): void {
  if (state.queue.length > 0) return
  if (options.identity && nowMs >= state.nextSweepMs.identity) {
    state.nextSweepMs.identity = nowMs + IDENTITY_SWEEP_MS
    const unknown = chips.filter(({ row, chip }) => {
      const board = state.boards.get(placeKey(row.npu, chip))
      const fresh = board !== undefined && nowMs - board.atMs < IDENTITY_TTL_MS
      return !fresh || board.bus !== row.bus
    })
    if (unknown.length > 0) state.queue.push(sideJob('mapping', ['-m'], 0))
    for (const { row, chip } of unknown) {
      const args = ['-t', 'board', '-i', String(row.npu), '-c', String(chip)]
      state.queue.push({ ...sideJob('board', args, row.npu), chip, bus: row.bus })
    }
  }
  const unwell = chips.filter(({ row }) => (healthCode(row.healthWord) ?? 0) > HEALTH_CODES.ok)
  if (unwell.length > 0 && nowMs >= state.nextSweepMs.health) {
    state.nextSweepMs.health = nowMs + HEALTH_SWEEP_MS
    for (const { row, chip } of unwell) {
      const args = ['-t', 'health', '-i', String(row.npu), '-c', String(chip)]
      state.queue.push({ ...sideJob('health', args, row.npu), chip })
    }
  }
  if (options.usages && nowMs >= state.nextSweepMs.usages) {
    state.nextSweepMs.usages = nowMs + USAGES_SWEEP_MS
    for (const npu of new Set(chips.map(({ row }) => row.npu)))
      state.queue.push(sideJob('usages', ['-t', 'usages', '-i', String(npu)], npu))
  }
}

function sideJob(query: SideQuery, args: readonly string[], npu: number): SideJob {
  return { query, args: ['info', ...args], npu, chip: 0, bus: null, attempts: 0 }
}

/** Keeps what an answer said; an answer that says "not supported" stops the query for a day. */
export function remember(state: LiveState, job: SideJob, answer: NpuOutput, nowMs: number): void {
  if (answer.failures.some(({ failure }) => failure.reason === 'not_supported')) {
    state.pausedUntilMs.set(job.query, nowMs + UNSUPPORTED_PAUSE_MS)
    return
  }
  if (job.query === 'mapping') {
    if (answer.mappings.length > 0) state.mappings = answer.mappings
    return
  }
  if (job.query === 'board')
    state.boards.set(placeKey(job.npu, job.chip), { atMs: nowMs, bus: job.bus, block: null })
  const [notes, keys] = NOTES[job.query](state)
  for (const block of answer.blocks) {
    // Asked for one chip, the answer is that chip's; a usages answer holds all chips of the card.
    const chip = job.query === 'usages' ? (block.chip ?? 0) : job.chip
    const fields = new Map([...block.fields].filter(([key]) => keys.has(key)))
    const kept = { npu: job.npu, chip, fields, processes: null }
    notes.set(placeKey(job.npu, chip), { atMs: nowMs, bus: job.bus, block: kept })
  }
}

/** Where the answers of a query are kept, and which of their keys. */
const NOTES: Readonly<
  Record<
    Exclude<SideQuery, 'mapping'>,
    (state: LiveState) => [Map<string, Remembered>, ReadonlySet<string>]
  >
> = {
  board: (state) => [state.boards, BOARD_KEYS],
  usages: (state) => [state.usages, USAGES_KEYS],
  health: (state) => [state.health, HEALTH_KEYS],
}

/**
 * The box of this read with what is remembered of its chips beside it. Cards that are not in the box are
 * left out: a card that vanished must not live on in our memory.
 */
export function withMemory(state: LiveState, output: NpuOutput, nowMs: number): NpuOutput {
  const blocks: FieldBlock[] = [...output.blocks]
  const places = new Set<string>()
  for (const { row, chip } of chipsOf(output)) {
    const place = placeKey(row.npu, chip)
    places.add(place)
    const board = state.boards.get(place)
    if (board !== undefined) {
      // A row without its second half has no bus: it is still the chip it was a moment ago.
      if (!row.complete && row.bus === null) row.bus = board.bus
      if (board.block !== null && board.bus === row.bus) blocks.push(board.block)
    }
    const isUnwell = (healthCode(row.healthWord) ?? 0) > HEALTH_CODES.ok
    for (const notes of isUnwell ? [state.usages, state.health] : [state.usages]) {
      const note = notes.get(place)
      if (note?.block && nowMs - note.atMs <= ANSWER_MAX_AGE_MS) blocks.push(note.block)
    }
  }
  const mappings = state.mappings.filter(({ npu, chip }) => places.has(placeKey(npu, chip)))
  return { ...output, blocks, mappings: [...output.mappings, ...mappings] }
}
