import type { ComputeBasis, TiersAnswer, TiersGroup, Weighting } from '#schemas/api-ledger.ts'
import type { ModelCatalogue } from '#schemas/models/model.ts'
import { countDevices } from '../device-count.ts'
import { type FleetQuestion, frame } from '../fleet.ts'
import { TIER_COLUMNS } from '../fleet-metrics.ts'
import { ratioOf, tierOf } from '../sums.ts'
import type { TimeWindow } from '../window.ts'
import {
  bookOf,
  type Cell,
  type CellGroup,
  groupCells,
  type LedgerDeps,
  type LedgerTotals,
  readCells,
  readQuestion,
  totalOf,
} from './cells.ts'
import { boundsOf, secondsOf } from './figures.ts'

/** Dense TFLOPS of the H100 that equivalents are counted in, by arithmetic (DEFINITIONS section 3). */
export const H100_TFLOPS: Readonly<Record<ComputeBasis, number>> = { bf16: 989, fp8: 1979 }

/** GET /api/v1/utilization/tiers. Throws as lossAnswer. */
export async function tiersAnswer(
  deps: LedgerDeps,
  { basis, ...asked }: FleetQuestion & { readonly basis: ComputeBasis },
): Promise<TiersAnswer> {
  const question = await readQuestion(deps, asked)
  const prices = bookOf(await deps.documents())
  const more = ['model', 'pool'] as const
  const [{ cells, plan }, devices] = await Promise.all([
    readCells(deps, { ...question, more, columns: TIER_COLUMNS, prices }),
    countDevices(deps, question),
  ])
  const { models } = deps
  const { window } = question
  return {
    ...frame(deps, { ...question, plan }),
    groups: groupCells(cells, question.groupBy).map((group) => ({
      key: group.key,
      devices: devices.get(group.id) ?? 0,
      ...tiersGroup(group, { models, basis, window }),
    })),
  }
}

/** A tier with its share of the base; allocated where a source says whether somebody holds the device. */
export function tiersOf(totals: LedgerTotals): TiersGroup['tiers'] {
  const base = totals.capacity - totals.verification
  const { allocated_ms, allocated_known_ms } = totals.states
  return {
    allocated: tierOf(allocated_ms * 1000n, allocated_known_ms, base),
    busy: tierOf(totals.busyX1000, totals.known, base),
    active: tierOf(totals.activeX1000, totals.activeKnown, base),
    effective: tierOf(totals.effectiveX1000, totals.effectiveKnown, base),
  }
}

function tiersGroup(
  { cells }: CellGroup,
  given: {
    readonly models: ModelCatalogue
    readonly basis: ComputeBasis
    readonly window: TimeWindow
  },
): Omit<TiersGroup, 'key' | 'devices'> {
  const totals = totalOf(cells)
  const { basis } = given
  const compute = byCompute(cells, given)
  const priceOf = ({ price }: Cell) => price?.microUsd ?? null
  return {
    ...boundsOf(totals),
    tiers: tiersOf(totals),
    busy_by: {
      device: weighed(cells, () => 1n).figures,
      compute: {
        ...compute.figures,
        basis,
        h100_tflops: H100_TFLOPS[basis],
        h100_equivalents: compute.equivalents,
      },
      price: {
        ...weighed(cells, priceOf).figures,
        assumed: cells.some(({ price }) => price?.isAssumed === true),
      },
    },
  }
}

/** Busy by compute, and how many H100 would have given it in the window's time. */
export function byCompute(
  cells: readonly Cell[],
  given: {
    readonly models: ModelCatalogue
    readonly basis: ComputeBasis
    readonly window: TimeWindow
  },
) {
  const { models, basis, window } = given
  const weightOf = ({ fields }: Cell) => {
    const entry = models.find(fields['model'] ?? '')
    const fact = basis === 'bf16' ? entry?.dense_bf16_tflops : entry?.dense_fp8_tflops
    // Thousandths, so that catalogue figures with a fraction stay whole numbers.
    return fact === undefined ? null : BigInt(Math.round(fact.value * 1000))
  }
  const { figures, capacity, known, busyX1000 } = weighed(cells, weightOf)
  const unit = H100_TFLOPS[basis] * 1000 * (window.toMs - window.fromMs)
  return {
    figures,
    equivalents: {
      capacity: Number(capacity) / unit,
      known: Number(known) / unit,
      busy: Number(busyX1000) / 1000 / unit,
    },
  }
}

/** Sums of cells, each counted by its weight; those without one are left out and named. */
function weighed(cells: readonly Cell[], weightOf: (cell: Cell) => bigint | null) {
  let [capacity, base, known, busyX1000, unweighted] = [0n, 0n, 0n, 0n, 0n]
  const models = new Set<string>()
  for (const cell of cells) {
    const { totals, fields } = cell
    const weight = weightOf(cell)
    if (weight === null) {
      unweighted += totals.capacity
      if (totals.capacity > 0n) models.add(fields['model'] ?? '')
      continue
    }
    capacity += weight * totals.capacity
    base += weight * (totals.capacity - totals.verification)
    known += weight * totals.known
    busyX1000 += weight * totals.busyX1000
  }
  const figures: Weighting = {
    value: ratioOf(busyX1000, known * 1000n),
    coverage: ratioOf(known, base),
    unweighted_device_seconds: secondsOf(unweighted * 1000n),
    unweighted_models: [...models].toSorted(),
  }
  return { figures, capacity, known, busyX1000 }
}
