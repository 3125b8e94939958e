import type { DeviceEnergyGroup } from '#schemas/api-energy-devices.ts'
import type { LedgerState } from '#schemas/ledger.ts'

/** Time and power of one holder's devices of a model and pool. */
export interface EnergyPart {
  readonly model: string
  readonly pool: string
  /** Time in each state, ms x 1,000. */
  readonly times: Readonly<Record<LedgerState, bigint>>
  /** Integrated power, milliwatt milliseconds: all of it, and what is told apart. */
  readonly power: { readonly all: bigint; readonly unallocated: bigint; readonly idle_held: bigint }
}

/** kWh of each state; null = nothing measured them. */
export type StateEnergy = Readonly<Record<LedgerState, number | null>>

/**
 * Measured energy of devices, as /energy/devices has it by model and pool, shared by who held them and in which state.
 * The shares go by integrated power: idle and unallocated time has its own, the other states of a holder share the rest
 * of theirs by time, unknown time apart. All shares of a model and pool sum to its energy; where there is none of it or
 * no power that shares it, they are null.
 */
export function shareEnergy(
  parts: readonly EnergyPart[],
  measured: readonly DeviceEnergyGroup[],
): readonly StateEnergy[] {
  const place = (model: string, pool: string) => JSON.stringify([model, pool])
  const kwhOf = new Map(
    measured
      .filter(({ coverage }) => coverage !== null && coverage > 0)
      .map(({ key, kwh }) => [place(key['model'] ?? '', key['pool'] ?? ''), kwh]),
  )
  const weights = parts.map(stateWeights)
  const totals = new Map<string, number>()
  for (const [at, { model, pool }] of parts.entries()) {
    const key = place(model, pool)
    totals.set(key, (totals.get(key) ?? 0) + sumOf(weights[at] ?? NOTHING))
  }
  return parts.map(({ model, pool }, at) => {
    const key = place(model, pool)
    const [kwh, total] = [kwhOf.get(key), totals.get(key) ?? 0]
    const own = weights[at] ?? NOTHING
    return byState((state) =>
      kwh === undefined || total <= 0 || state === 'unknown' ? null : (kwh * own[state]) / total,
    )
  })
}

type Weights = Readonly<Record<LedgerState, number>>

/** States that share what of the power no column tells apart; nobody hears of unknown time. */
const REST = [
  'failed',
  'drained',
  'verification',
  'throttled',
  'inefficient',
  'productive',
] as const

function stateWeights({ times, power }: EnergyPart): Weights {
  const rest = Math.max(0, Number(power.all - power.unallocated - power.idle_held))
  const restTime = REST.reduce((sum, state) => sum + Number(times[state]), 0)
  const shareOf = (state: LedgerState) =>
    restTime <= 0 || !REST.some((one) => one === state)
      ? 0
      : (rest * Math.max(0, Number(times[state]))) / restTime
  return byState((state) => {
    if (state === 'unallocated') return Math.max(0, Number(power.unallocated))
    if (state === 'idle_held') return Math.max(0, Number(power.idle_held))
    return shareOf(state)
  })
}

const byState = <Value>(
  of: (state: LedgerState) => Value,
): Readonly<Record<LedgerState, Value>> => ({
  failed: of('failed'),
  drained: of('drained'),
  verification: of('verification'),
  unknown: of('unknown'),
  unallocated: of('unallocated'),
  idle_held: of('idle_held'),
  throttled: of('throttled'),
  inefficient: of('inefficient'),
  productive: of('productive'),
})
const NOTHING: Weights = byState(() => 0)
const sumOf = (weights: Weights) => Object.values(weights).reduce((sum, value) => sum + value, 0)
