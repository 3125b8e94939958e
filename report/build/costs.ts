import type { CostFact } from '#schemas/report/facts.ts'
import { COST_ROWS_MAX, type CostRow } from '#schemas/report/costs.ts'
import { partsOfWhole } from '../round.ts'

/** Hours of cost rows have so many digits behind the point; they sum to capacity in them. */
export const COST_DECIMALS = 4
export const ENERGY_DECIMALS = 3

/**
 * Cost rows as they are frozen: hours that sum to capacity in the last digit. Beyond the limit the smallest tenants of
 * each place and state become one, so that the rows still sum.
 */
export function costRows(facts: readonly CostFact[]): CostRow[] {
  const rows = facts.length <= COST_ROWS_MAX ? facts : withoutSmall(facts)
  const whole = rows.reduce((sum, { gpu_hours }) => sum + gpu_hours, 0)
  const options = { decimals: COST_DECIMALS }
  const hours = partsOfWhole(
    'gpu_hours',
    rows.map(({ gpu_hours }) => gpu_hours),
    whole,
    options,
  )
  const energy = energyDigits(rows)
  return rows.map((row, at) => {
    const { fromMs, toMs, usd_per_hour, contract_usd_per_hour, busy_gpu_hours, ...said } = row
    return {
      ...said,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      gpu_hours: hours[at]?.value ?? 0,
      busy_gpu_hours: Number(busy_gpu_hours.toFixed(COST_DECIMALS)),
      energy_kwh: energy.get(row) ?? null,
      list_usd_per_hour: usd_per_hour,
      contract_usd_per_hour,
    }
  })
}

/** kWh of rows that sum as printed, by model and pool. */
function energyDigits(rows: readonly CostFact[]): ReadonlyMap<CostFact, number> {
  const measured = rows.filter(({ energy_kwh }) => energy_kwh !== null)
  const places = Map.groupBy(measured, ({ model, pool }) => JSON.stringify([model, pool]))
  const found = new Map<CostFact, number>()
  for (const own of places.values()) {
    const parts = own.map(({ energy_kwh }) => energy_kwh ?? 0)
    const whole = parts.reduce((sum, part) => sum + part, 0)
    const digits = partsOfWhole('kwh', parts, whole, { decimals: ENERGY_DECIMALS })
    for (const [at, row] of own.entries()) found.set(row, digits[at]?.value ?? 0)
  }
  return found
}

export const OTHERS = '(others)'

function withoutSmall(facts: readonly CostFact[]): CostFact[] {
  const weights = new Map<string, number>()
  for (const { tenant, gpu_hours } of facts)
    weights.set(tenant, (weights.get(tenant) ?? 0) + gpu_hours)
  const perTenant = facts.length / Math.max(1, weights.size)
  const kept = new Set(
    [...weights]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, Math.max(1, Math.floor(COST_ROWS_MAX / perTenant / 2)))
      .map(([tenant]) => tenant)
      .concat(''),
  )
  const large = facts.filter(({ tenant }) => kept.has(tenant))
  const small = facts.filter(({ tenant }) => !kept.has(tenant))
  const placeOf = ({ fromMs, model, pool, state, usd_per_hour }: CostFact) =>
    JSON.stringify([fromMs, model, pool, state, usd_per_hour])
  const joined = [...Map.groupBy(small, placeOf).values()].flatMap((own) => {
    const [first] = own
    if (first === undefined) return []
    const sum = (read: (fact: CostFact) => number) =>
      own.reduce((total, fact) => total + read(fact), 0)
    return [
      {
        ...first,
        tenant: OTHERS,
        tenant_name: OTHERS,
        contract: '',
        contract_usd_per_hour: null,
        gpu_hours: sum(({ gpu_hours }) => gpu_hours),
        busy_gpu_hours: sum(({ busy_gpu_hours }) => busy_gpu_hours),
        energy_kwh: own.every(({ energy_kwh }) => energy_kwh === null)
          ? null
          : sum(({ energy_kwh }) => energy_kwh ?? 0),
      },
    ]
  })
  return [...large, ...joined]
}
