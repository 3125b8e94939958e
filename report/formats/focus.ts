import type { LedgerState } from '#schemas/ledger.ts'
import type { CostRow } from '#schemas/report/costs.ts'
import type { ReportModel } from '#schemas/report/model.ts'
import { createCalendar } from '../calendar.ts'
import { COST_DECIMALS, ENERGY_DECIMALS } from '../build/costs.ts'
import type { CsvValue } from './csv-text.ts'

/**
 * Cost in the columns of FOCUS 1.2 (FinOps Open Cost and Usage Specification): a row per tenant, model, pool and state
 * between two changes of prices or months. ConsumedQuantity sums to capacity. Hours without a price and unknown hours have no
 * cost at all, where FOCUS would have a number: unpriced is not $0.
 */
export const FOCUS_COLUMNS = [
  'BillingAccountId',
  'BillingAccountName',
  'BillingCurrency',
  'BillingPeriodStart',
  'BillingPeriodEnd',
  'ChargePeriodStart',
  'ChargePeriodEnd',
  'ChargeCategory',
  'ChargeClass',
  'ChargeDescription',
  'BilledCost',
  'EffectiveCost',
  'ListCost',
  'ContractedCost',
  'ListUnitPrice',
  'ContractedUnitPrice',
  'ConsumedQuantity',
  'ConsumedUnit',
  'PricingQuantity',
  'PricingUnit',
  'SkuId',
  'ServiceName',
  'ServiceCategory',
  'ResourceId',
  'ResourceName',
  'ResourceType',
  'SubAccountId',
  'SubAccountName',
  'RegionId',
  'CapacityReservationId',
  'CapacityReservationStatus',
  'Tags',
  'x_State',
  'x_Utilization',
  'x_WastedHours',
  'x_UtilizationSource',
  'x_Coverage',
  'x_EnergyKwh',
  'x_PriceAssumed',
] as const

/** States in which a tenant uses, or could use, what it holds. */
const HELD: ReadonlySet<LedgerState> = new Set<LedgerState>([
  'idle_held',
  'throttled',
  'inefficient',
  'productive',
])
const COST_DIGITS = 6

/** Head and rows. */
export function focusLines(model: ReportModel): CsvValue[][] {
  const calendar = createCalendar(model.time_zone)
  return [[...FOCUS_COLUMNS], ...model.costs.map((row) => focusRow(row, model, calendar))]
}

function focusRow(
  row: CostRow,
  { site, revision }: Pick<ReportModel, 'site' | 'revision'>,
  calendar: ReturnType<typeof createCalendar>,
): CsvValue[] {
  const month = calendar.holding('month', Date.parse(row.from))
  const { state, gpu_hours: hours, tenant } = row
  const isPriced = state !== 'unknown' && row.list_usd_per_hour !== null
  const list = isPriced ? row.list_usd_per_hour : null
  const contracted = list === null ? null : (row.contract_usd_per_hour ?? list)
  const cost = (price: number | null): CsvValue =>
    price === null ? null : { digits: (hours * price).toFixed(COST_DIGITS) }
  const digits = (value: number): CsvValue => ({ digits: value.toFixed(COST_DECIMALS) })
  const known = state === 'unknown' || state === 'verification' ? 0 : 1
  const reservation = row.contract === '' ? '' : row.contract
  return [
    site || 'site',
    site,
    'USD',
    new Date(month.fromMs).toISOString(),
    new Date(month.toMs).toISOString(),
    row.from,
    row.to,
    'Usage',
    revision > 1 ? 'Correction' : null,
    `${state} device time${tenant === '' ? ' of the site' : ''}`,
    cost(contracted),
    cost(contracted),
    cost(list),
    cost(contracted),
    list,
    contracted,
    digits(hours),
    'GPU-Hours',
    digits(isPriced ? hours : 0),
    'GPU-Hours',
    row.model,
    'Accelerator cluster',
    'AI and Machine Learning',
    `${row.model}/${row.pool}`,
    row.pool,
    'Accelerator',
    tenant,
    row.tenant_name,
    site,
    reservation,
    reservation === '' || !HELD.has(state) ? null : state === 'idle_held' ? 'Unused' : 'Used',
    JSON.stringify({ pool: row.pool, state }),
    state,
    hours === 0 || known === 0
      ? null
      : { digits: Math.min(1, row.busy_gpu_hours / hours).toFixed(6) },
    digits(known === 0 ? 0 : Math.max(0, hours - row.busy_gpu_hours)),
    'busy',
    known,
    row.energy_kwh === null ? null : { digits: row.energy_kwh.toFixed(ENERGY_DECIMALS) },
    row.assumed ? 'true' : 'false',
  ]
}
