import type { Interpretation } from '#schemas/reading.ts'
import type { ChipMapping } from './parse-columns.ts'
import type { FieldBlock } from './parse-fields.ts'
import type { NpuOutput } from './parse-output.ts'
import {
  RHYTHMS,
  type Remembered,
  type SideJob,
  type SideQuery,
  isUnwell,
  placeKey,
} from './side-jobs.ts'
import { type TableChip, tableChips } from './table-devices.ts'
import { WatchState } from './watch-state.ts'

type Notes = Readonly<Record<Exclude<SideQuery, 'mapping'>, Map<string, Remembered>>>

/** What one target's source remembers between reads. A class only so that `instanceof` finds it again. */
export class LiveState {
  readonly notes: Notes = {
    board: new Map(),
    health: new Map(),
    usages: new Map(),
    power: new Map(),
    memory: new Map(),
    hccs: new Map(),
    ecc: new Map(),
  }
  mappings: readonly ChipMapping[] = []
  readonly queue: SideJob[] = []
  readonly nextSweepMs = new Map<SideQuery, number>()
  readonly pausedUntilMs = new Map<SideQuery, number>()
  /** Set while the driver refuses everybody: the last answer, repeated without asking. */
  backOff: { readonly untilMs: number; readonly answer: Interpretation } | null = null
  readonly watch = new WatchState()
}

/** All chips of the boxes of one read. */
export function chipsOf(output: NpuOutput): TableChip[] {
  return output.tables.flatMap(tableChips)
}

const NONE: ReadonlySet<string> = new Set()

/** Queries whose answers age; board answers stay true. */
const AGING = ['usages', 'power', 'memory', 'hccs', 'ecc', 'health'] as const

/**
 * The box of this read with what is remembered of its chips beside it. Cards that are not in the box are
 * left out: a card that vanished must not live on in our memory.
 * @param silent places without a figure of this moment: an older answer must not stand in for it
 */
export function withMemory(
  state: LiveState,
  output: NpuOutput,
  { nowMs, silent = NONE }: { nowMs: number; silent?: ReadonlySet<string> },
): NpuOutput {
  const blocks: FieldBlock[] = [...output.blocks]
  const places = new Set<string>()
  for (const each of chipsOf(output)) {
    const { row, chip } = each
    const place = placeKey(row.npu, chip)
    places.add(place)
    const board = state.notes.board.get(place)
    if (board !== undefined) {
      // A row without its second half has no bus: it is still the chip it was a moment ago.
      if (!row.complete && row.bus === null) row.bus = board.bus
      if (board.block !== null && board.bus === row.bus) blocks.push(board.block)
    }
    for (const query of AGING) {
      if (query === 'health' && !isUnwell(each)) continue
      if (query === 'usages' && silent.has(place)) continue
      const note = state.notes[query].get(place)
      if (note?.block && nowMs - note.atMs <= RHYTHMS[query].maxAgeMs) blocks.push(note.block)
    }
  }
  const mappings = state.mappings.filter(({ npu, chip }) => places.has(placeKey(npu, chip)))
  return { ...output, blocks, mappings: [...output.mappings, ...mappings] }
}
