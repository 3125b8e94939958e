import type { Contract } from '#schemas/journal.ts'
import type { Price, PriceBook } from '#schemas/price-book.ts'
import type { Dimension } from '../filters.ts'
import { noFilters } from '../filters.ts'
import type { GroupSums } from '../fleet-sums.ts'
import { NO_COLUMNS } from '../queries/fleet-sums.ts'
import { timeByState } from '../state-sums.ts'
import { DAY_MS, HOUR_MS, type TimeWindow } from '../window.ts'
import { type Cell, groupId, type LedgerDeps, type LedgerQuestion, readSteps } from './cells.ts'
import { joinWorth, NO_WORTH, type Worth, worthOf } from './money.ts'
import { contractScopes, type Place, soldWithoutJob } from './sold.ts'

/** Numbers that one stepped read may bring; beyond it steps are longer. */
export const STEP_VALUES_MAX = 50_000
const STEPS_MS = [1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS)

/** Free time that somebody pays for, by the id of a group. */
export interface SoldTime {
  readonly sold: ReadonlyMap<string, Worth>
  /** Contracts and holders were compared in steps of this many hours; null = there are no contracts. */
  readonly stepHours: number | null
}

/**
 * Splits unallocated time by contracts. Contracts know models and pools only, so what a place has sold without a job is
 * shared by the groups that ask in proportion to their free time there.
 */
export async function soldTime(
  deps: LedgerDeps,
  question: LedgerQuestion,
  given: {
    readonly contracts: readonly Contract[]
    readonly prices: PriceBook
    readonly pieces: readonly TimeWindow[]
    readonly cells: readonly Cell[]
  },
): Promise<SoldTime> {
  const sold = new Map<string, Worth>()
  const { window } = question
  const contracts = given.contracts.filter(
    ({ from_ms, to_ms }) => from_ms < window.toMs && (to_ms ?? Infinity) > window.fromMs,
  )
  if (contracts.length === 0) return { sold, stepHours: null }
  const stepMs = stepOf(window, given.cells)
  const scopes = contractScopes(contracts)
  for (const piece of given.pieces) {
    const priceAt = pricesOf(given.prices, piece)
    const { asked, fleet } = await readPlaces(deps, piece, { ...question, stepMs })
    for (const [slot, places] of fleet) {
      const span = spanOf(piece, stepMs, slot)
      const parts = soldWithoutJob(places, scopes, span)
      places.forEach(({ model, pool, free }, at) => {
        const part = parts[at] ?? 0n
        if (part <= 0n) return
        const price = priceAt(model, pool)
        for (const group of asked.get(slot)?.get(placeKey(model, pool)) ?? []) {
          const id = groupId(group.fields, question.groupBy)
          const share = (part * group.free) / free
          sold.set(id, joinWorth(sold.get(id) ?? NO_WORTH, worthOf(share * 1000n, price)))
        }
      })
    }
  }
  return { sold, stepHours: stepMs / HOUR_MS }
}

/** Prices of one piece, each looked up once: there are few places and many hours. */
function pricesOf(prices: PriceBook, { fromMs }: TimeWindow) {
  const known = new Map<string, Price | null>()
  return (model: string, pool: string): Price | null => {
    const place = placeKey(model, pool)
    const found = known.get(place)
    if (found !== undefined) return found
    const price = prices.deviceHour({ model, pool }, fromMs)
    known.set(place, price)
    return price
  }
}

const placeKey = (model: string, pool: string) => JSON.stringify([model, pool])
/** An hour, or the shortest step that keeps the answer small. */
function stepOf({ fromMs, toMs }: TimeWindow, cells: readonly Cell[]): number {
  const groups = new Set(
    cells.map(({ id, fields }) => JSON.stringify([id, fields['model'], fields['pool']])),
  ).size
  const fits = (stepMs: number) => (groups * (toMs - fromMs)) / stepMs <= STEP_VALUES_MAX
  return STEPS_MS.find(fits) ?? DAY_MS
}

function spanOf(piece: TimeWindow, stepMs: number, slot: number): TimeWindow {
  const startMs = floorTo(piece.fromMs, stepMs) + slot * stepMs
  return {
    fromMs: Math.max(startMs, piece.fromMs),
    toMs: Math.min(startMs + stepMs, piece.toMs),
  }
}

const floorTo = (ms: number, stepMs: number) => Math.floor(ms / stepMs) * stepMs

interface FreeGroup {
  readonly fields: Readonly<Record<string, string>>
  readonly free: bigint
}

/** By step: the groups that ask, by place, and all places of the fleet. */
async function readPlaces(
  deps: LedgerDeps,
  piece: TimeWindow,
  question: LedgerQuestion & { readonly stepMs: number },
): Promise<{
  readonly asked: ReadonlyMap<number, ReadonlyMap<string, readonly FreeGroup[]>>
  readonly fleet: ReadonlyMap<number, readonly Place[]>
}> {
  const { stepMs, filters, published } = question
  const steps = { t0Ms: floorTo(piece.fromMs, stepMs), stepMs, columns: NO_COLUMNS, published }
  const groupBy: readonly Dimension[] = [...new Set([...question.groupBy, ...PLACE])]
  const [groups, fleet] = await Promise.all([
    readSteps(deps, piece, { ...steps, groupBy, filters }),
    readSteps(deps, piece, { ...steps, groupBy: PLACE, filters: noFilters() }),
  ])
  return { asked: freeByPlace(groups), fleet: placesByStep(fleet) }
}

const PLACE = ['model', 'pool'] as const satisfies readonly Dimension[]

function freeByPlace(groups: readonly GroupSums[]) {
  const bySlot = new Map<number, Map<string, FreeGroup[]>>()
  for (const { key, steps } of groups)
    for (const [slot, sums] of steps) {
      const byPlace = bySlot.get(slot) ?? new Map<string, FreeGroup[]>()
      bySlot.set(slot, byPlace)
      const place = placeKey(key['model'] ?? '', key['pool'] ?? '')
      const members = byPlace.get(place) ?? []
      byPlace.set(place, members)
      members.push({ fields: key, free: sums.states.unallocated_ms })
    }
  return bySlot
}

function placesByStep(groups: readonly GroupSums[]) {
  const bySlot = new Map<number, Place[]>()
  for (const { key, steps } of groups)
    for (const [slot, sums] of steps) {
      const times = timeByState(sums)
      const atWork = times.throttled + times.inefficient + times.productive
      const places = bySlot.get(slot) ?? []
      bySlot.set(slot, places)
      places.push({
        model: key['model'] ?? '',
        pool: key['pool'] ?? '',
        free: times.unallocated / 1000n,
        held: (times.idle_held + atWork) / 1000n,
      })
    }
  return bySlot
}
