import type { AlertItem } from '#schemas/api-alerts.ts'
import type { DeviceEnergyGroup } from '#schemas/api-energy-devices.ts'
import type { ExplainAnswer } from '#schemas/api-explain.ts'
import type { EnergyAnswer, PueAnswer } from '#schemas/api-facility.ts'
import type { LedgerGroup, LossGroup, OwnerFigures, TiersGroup } from '#schemas/api-ledger.ts'
import type { LedgerState } from '#schemas/ledger.ts'
import type { ForecastScore } from '#schemas/alerts/forecast.ts'
import type { CostBook } from './issued.ts'
import type { ReportSources } from './model.ts'

/** Half-open [fromMs, toMs), epoch ms. */
export interface ReportWindow {
  readonly fromMs: number
  readonly toMs: number
}

/** Utilization of the fleet in steps; value i is of [fromMs + i x stepMs, …), null where nothing is known. */
export interface FleetSteps {
  readonly fromMs: number
  readonly stepMs: number
  readonly utilization: readonly (number | null)[]
  readonly coverage: readonly (number | null)[]
}

/** Fleet figures of one window as /ledger and /loss answer them. */
export interface FleetWindow extends ReportWindow {
  readonly ledger: LedgerGroup
  readonly loss: LossGroup
}

/** Utilization of one window; null where nothing is known, or before the first minute. */
export interface WindowUtilization extends ReportWindow {
  readonly id: string
  readonly utilization: number | null
  readonly coverage: number | null
  /** Hours, and those that were known and busy. */
  readonly capacity_hours: number
  readonly known_hours: number
  readonly busy_hours: number
}

/** One of the periods that this one stands beside: how busy, and what it lost as /loss answers it. */
export interface ComparedPeriod extends ReportWindow {
  readonly id: string
  readonly utilization: number | null
  readonly coverage: number | null
  readonly lost_gpu_hours: number
  /** Against capacity, dollars; null = nothing of it has a price. */
  readonly loss_usd: number | null
}

/** Time of one tenant on one model in one pool and state, between two changes of prices, months or contracts. */
export interface CostFact extends ReportWindow {
  readonly tenant: string
  readonly tenant_name: string
  readonly model: string
  readonly pool: string
  readonly state: LedgerState
  readonly gpu_hours: number
  readonly busy_gpu_hours: number
  /** List price of an hour, dollars; null = unpriced. */
  readonly usd_per_hour: number | null
  readonly assumed: boolean
  /** The tenant's own rate by contract, dollars; null = list price. */
  readonly contract_usd_per_hour: number | null
  readonly contract: string
  /** Energy of its devices as they measured it; null = nothing did. */
  readonly energy_kwh: number | null
}

/** Settled minutes of the period that were settled again, by reason. */
export interface RestatementFact {
  readonly reason: string
  readonly minutes: number
  readonly known_change_hours: number
  readonly busy_change_hours: number
}

/** Means of one cooling unit over whole hours. */
export interface LoopMeans {
  /** Hours in which both sides spoke. */
  readonly hours: number
  /** Secondary supply less primary supply, K; null = known in less than a day of hours. */
  readonly approach_kelvin: number | null
  /** Secondary return less supply, K. */
  readonly delta_kelvin: number | null
  /** Flow x that difference, L/min x K: what of the heat is not the coolant's constant. */
  readonly carried: number | null
}

/** One cooling unit over the period, and over the four weeks before it. */
export interface LoopDrift {
  readonly loop: string
  readonly hall: string
  readonly unit: string
  readonly now: LoopMeans
  readonly before: LoopMeans
}

/** Jobs of one queue over the period. */
export interface QueueFigures {
  readonly cluster: string
  readonly queue: string
  /** Devices that jobs waited for x time. */
  readonly waiting_hours: number
  /** Jobs that started within the period, and how long those had waited; null = none started. */
  readonly started: number
  readonly wait_ms_p50: number | null
  readonly wait_ms_p95: number | null
}

/** What waited beside what nobody held, device-hours, compared in steps of 15 minutes. */
export interface SideBySide {
  readonly waiting_hours: number
  readonly free_hours: number
  /** The smaller of both, step by step: at most so much could have run. Shapes and limits of jobs are not judged. */
  readonly free_while_waiting_hours: number
}

/** A pool whose queue is named after it. */
export interface WaitingPool extends SideBySide {
  readonly pool: string
}

export interface QueueFacts {
  /** Share of the period in which schedulers were heard, 0..1. */
  readonly heard: number
  /** Most waiting first. */
  readonly queues: readonly QueueFigures[]
  readonly pools: readonly WaitingPool[]
  /** All queues beside all devices, whichever they are for. */
  readonly fleet: SideBySide
}

/** Temperatures of one rack over the period. */
export interface RackHeat {
  readonly hall: string
  readonly rack: string
  /** Least distance from the slowdown point, K; null where no tool told. */
  readonly margin_celsius_min: number | null
  readonly temperature_celsius_max: number | null
  readonly throttled_heat_hours: number
  readonly throttled_heat_usd: number | null
}

/**
 * What a report is built from: answers of the API's own functions for the period. Null = the question could not be
 * asked (nothing settled, a period too long for it), which the report says.
 */
export interface ReportAnswers {
  readonly window: ReportWindow
  readonly definition: string
  readonly simulated: boolean
  readonly site: string
  readonly fleet: FleetWindow
  readonly before: FleetWindow | null
  /** Dollars that all known hours of the period are worth, and how many of them have a price. */
  readonly known_worth: { readonly usd: number | null; readonly priced_hours: number }
  /** Devices under contract x time, hours; null where there are no contracts. */
  readonly contracted_hours: number | null
  /** Periods of the same kind before, the newest first, at most 4; as long as this one where it still runs. */
  readonly compared: readonly ComparedPeriod[]
  readonly minutes: FleetSteps
  readonly slices: FleetSteps
  readonly hours: FleetSteps
  readonly explain: ExplainAnswer | null
  readonly tiers: TiersGroup
  /** The highest loss first. */
  readonly owners: readonly OwnerFigures[]
  readonly nobody: OwnerFigures
  /** Utilization of tenants over the four periods before, by tenant. */
  readonly owners_earlier: ReadonlyMap<string, number | null>
  /** By tenant, job and class. */
  readonly jobs: readonly LossGroup[]
  readonly pools: readonly { readonly ledger: LedgerGroup; readonly loss: LossGroup }[]
  /** Null = no scheduler was heard. */
  readonly queue: QueueFacts | null
  readonly energy: EnergyAnswer | null
  readonly pue: PueAnswer | null
  /** The twelve months to the end of the period, by month. */
  readonly pue_year: PueAnswer | null
  readonly devices_energy: DeviceEnergyGroup | null
  readonly racks: readonly RackHeat[]
  /** Null = nobody entered cooling loops, or the period is too long. */
  readonly loops: readonly LoopDrift[] | null
  /** What fired within the period; null = the journal of alerts cannot be read. */
  readonly alerts: readonly AlertTold[] | null
  /** Scores of forecasts an hour ahead; null = none are kept. */
  readonly scores: readonly ForecastScore[] | null
  readonly restatements: readonly RestatementFact[]
  /** Months since go-live, the oldest first; empty where nobody said when that was. */
  readonly months: readonly WindowUtilization[]
  readonly cost_book: CostBook | null
  readonly costs: readonly CostFact[]
  readonly sources: ReportSources
}

/** An alert as a report counts it. */
export interface AlertTold {
  readonly alert: Pick<
    AlertItem,
    | 'rule'
    | 'title'
    | 'severity'
    | 'state'
    | 'mode'
    | 'labels'
    | 'fired_ms'
    | 'resolved_ms'
    | 'suppressed'
  >
  /** When somebody acknowledged it first; null = nobody did. */
  readonly acknowledged_ms: number | null
  /** People were told of it. */
  readonly told: boolean
}

/** What is asked for a report. */
export interface ReportQuestion {
  readonly window: ReportWindow
  /** What it is compared with, as long each, the newest first; empty = nothing. */
  readonly compared: readonly (ReportWindow & { readonly id: string })[]
  /** The same periods whole, also for one that nothing is compared with. */
  readonly earlier: readonly (ReportWindow & { readonly id: string })[]
  readonly months: readonly (ReportWindow & { readonly id: string })[]
  /** Beginnings of months of the site within the window, at which cost rows are cut. */
  readonly cuts: readonly number[]
}

/** What reports ask of query: the same functions that answer the API. Each rejects as the reader does. */
export interface ReportFacts {
  /** First settled minute, and the end of the last; null while there are none. */
  settled(): Promise<{ readonly firstMs: number | null; readonly untilMs: number | null }>
  costBook(): Promise<CostBook | null>
  answers(question: ReportQuestion): Promise<ReportAnswers>
}
