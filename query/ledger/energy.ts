import type { IdleEnergy } from '#schemas/api-ledger-parts.ts'
import type { FacilityBook } from '#schemas/facility.ts'
import { MICRO_USD, type PriceBook, tariffPriceAt, type TariffPeriod } from '#schemas/price-book.ts'
import { type PueInForce, shownPue } from '../facility/pue-in-force.ts'
import { MICRO_CARBON, microCarbonAt } from '../facility/tariff.ts'
import { NO_COLUMNS } from '../queries/fleet-sums.ts'
import { ratioOf } from '../sums.ts'
import { HOUR_MS, MINUTE_MS, type TimeWindow } from '../window.ts'
import {
  type Cell,
  groupId,
  type LedgerDeps,
  type LedgerQuestion,
  type LedgerTotals,
  readSteps,
} from './cells.ts'
import { STEP_VALUES_MAX } from './unsold.ts'

/** Milliwatt milliseconds in a kWh. */
const MW_MS_PER_KWH = 3_600_000_000_000

/** What idle devices drew and what it cost, in whole numbers. */
export interface EnergySum {
  /** Milliwatt milliseconds x millionths of a dollar per kWh; null = part of it has no price. */
  readonly money: bigint | null
  readonly isAssumed: boolean
  /** Milliwatt milliseconds x millionths of a kg CO2e per kWh; null = part of it has no factor. */
  readonly carbon: bigint | null
}

/** Power of devices that nobody used, milliwatt milliseconds. */
export const idlePower = ({ states }: Pick<LedgerTotals, 'states'>): bigint =>
  states.power_unallocated_mw_ms + states.power_idle_held_mw_ms

/** Cost of idle energy by the id of a group: by piece where a tariff has one price, else by the hour. */
export async function energyCosts(
  deps: LedgerDeps,
  question: LedgerQuestion,
  given: {
    readonly prices: PriceBook
    readonly facility: FacilityBook
    readonly pieces: readonly TimeWindow[]
    readonly cells: readonly Cell[]
  },
): Promise<ReadonlyMap<string, EnergySum>> {
  const costs = new Map<string, EnergySum>()
  const groups = new Set(given.cells.map(({ id }) => id)).size
  for (const piece of given.pieces) {
    const tariff = given.prices.tariff(piece.fromMs)
    const carbon = microCarbonAt(given.facility, piece.fromMs)
    const stepMs = stepOf(tariff, piece, deps.timeZone)
    const isFlat = tariff.length === 1
    const isTooLarge = (groups * (piece.toMs - piece.fromMs)) / stepMs > STEP_VALUES_MAX
    const parts = isFlat
      ? given.cells.filter((cell) => cell.window === piece).map(cellPower)
      : isTooLarge
        ? given.cells.map(({ id }) => ({ id, atMs: null, power: 1n }))
        : await readPower(deps, { ...question, window: piece, stepMs })
    for (const { id, atMs, power } of parts) {
      const minute = atMs === null ? null : localMinute(atMs, deps.timeZone)
      const price = minute === null ? null : tariffPriceAt(tariff, minute)
      costs.set(id, addCost(costs.get(id), power, { price, carbon }))
    }
  }
  return costs
}

interface PowerPart {
  readonly id: string
  /** When it was drawn; null = nobody can say by which price. */
  readonly atMs: number | null
  readonly power: bigint
}

const cellPower = ({ id, totals, window }: Cell): PowerPart => ({
  id,
  atMs: window.fromMs,
  power: idlePower(totals),
})

function addCost(
  sum: EnergySum | undefined,
  power: bigint,
  unit: { readonly price: ReturnType<typeof tariffPriceAt>; readonly carbon: bigint | null },
): EnergySum {
  const before = sum ?? { money: 0n, isAssumed: false, carbon: 0n }
  if (power === 0n) return before
  const { price, carbon } = unit
  return {
    money: price === null || before.money === null ? null : before.money + power * price.microUsd,
    isAssumed: before.isAssumed || (price?.isAssumed ?? false),
    carbon: carbon === null || before.carbon === null ? null : before.carbon + power * carbon,
  }
}

async function readPower(
  deps: LedgerDeps,
  question: LedgerQuestion & { readonly stepMs: number },
): Promise<readonly PowerPart[]> {
  const { window, stepMs, groupBy } = question
  const t0Ms = Math.floor(window.fromMs / stepMs) * stepMs
  const grid = { t0Ms, stepMs, columns: NO_COLUMNS }
  const groups = await readSteps(deps, window, { ...question, ...grid })
  return groups.flatMap(({ key, steps }) =>
    [...steps].map(([slot, sums]) => ({
      id: groupId(key, groupBy),
      atMs: t0Ms + slot * stepMs,
      power: idlePower(sums),
    })),
  )
}

/** The longest step that no period of a tariff begins within, at most an hour. */
function stepOf(tariff: readonly TariffPeriod[], { fromMs }: TimeWindow, timeZone: string) {
  const hour = Math.floor(fromMs / HOUR_MS) * HOUR_MS
  const edges = [...tariff.map(({ fromMinute }) => fromMinute), localMinute(hour, timeZone)]
  return edges.reduce(commonDivisor, 60) * MINUTE_MS
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b))

/** Minute of the local day, 0..1439. */
export function localMinute(ms: number, timeZone: string): number {
  const [hours = 0, minutes = 0] = clock(timeZone).format(ms).split(':').map(Number)
  return hours * 60 + minutes
}

const clocks = new Map<string, Intl.DateTimeFormat>()

function clock(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone)
  if (known !== undefined) return known
  const parts = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  const made = new Intl.DateTimeFormat('en-GB', { timeZone, ...parts })
  clocks.set(timeZone, made)
  return made
}

/** The answer's line of idle energy. */
export function idleEnergy(
  totals: LedgerTotals,
  cost: EnergySum | undefined,
  pue: PueInForce,
): IdleEnergy {
  const kwh = Number(idlePower(totals)) / MW_MS_PER_KWH
  const { money, carbon } = cost ?? { money: 0n, carbon: 0n }
  const { powerKnown, capacity } = totals
  return {
    kwh,
    site_kwh: kwh * pue.value,
    coverage: ratioOf(powerKnown < capacity ? powerKnown : capacity, capacity),
    usd: money === null ? null : (Number(money) / (MW_MS_PER_KWH * MICRO_USD)) * pue.value,
    co2e_kg: carbon === null ? null : (Number(carbon) / (MW_MS_PER_KWH * MICRO_CARBON)) * pue.value,
    ...shownPue(pue),
    assumed: cost?.isAssumed ?? false,
  }
}
