import type { ThermalAnswer, ThermalDevice, ThermalRack } from '#schemas/api-thermal.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { FacilityBook } from '#schemas/facility.ts'
import type { ModelCatalogue } from '#schemas/models/model.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { cursorOffset, nextCursor } from './cursor.ts'
import { readSupplies } from './facility/loop-supplies.ts'
import { type Filters, parseFilters } from './filters.ts'
import type { FleetDeps } from './fleet.ts'
import { memo } from './memo.ts'
import { deviceDescriptions } from './queries/device-descriptions.ts'
import { thermalGroups, thermalHours, thermalSamples } from './queries/thermal.ts'
import { median, risePerMinute } from './thermal-figures.ts'
import { type DeviceHeat, devicesOf, isOutlier } from './thermal-groups.ts'
import { isClose, MARGIN_EDGES, marginsOf } from './thermal-margins.ts'
import { HOUR_MS, iso, MINUTE_MS, type TimeWindow } from './window.ts'

export const THERMAL_LIMIT_MAX = 200
export const THERMAL_MINUTES_MAX = 60
const RACKS_MAX = 20
const MODELS_MAX = 20
const THROTTLED_HOURS = 24
/** The fleet's heat is read once for as long as this; minutes settle once a minute. */
const HEAT_TTL_MS = 10_000
/** Scopes that are remembered. */
const SCOPES_MAX = 8

/** What devices can be put in order by; `-` before it = the highest first. Devices without the figure come last. */
export const THERMAL_ORDERS = [
  'temperature_celsius',
  'margin_celsius',
  'score',
  'throttled_heat_seconds',
] as const
export type ThermalOrder = (typeof THERMAL_ORDERS)[number]

export interface ThermalQuestion {
  readonly filters: readonly string[]
  /** How many settled minutes are looked at. */
  readonly minutes: number
  readonly sort: ThermalOrder | `-${ThermalOrder}`
  readonly limit: number
  readonly cursor?: string | undefined
}

export type ThermalDeps = FleetDeps & {
  readonly models: ModelCatalogue
  /** Loops tell what temperature racks are supplied with. */
  readonly documents: () => Promise<{ readonly facility: FacilityBook }>
}

/**
 * GET /api/v1/thermal, over the last settled minutes. The answer rejects with E_RANGE_INVALID while nothing is
 * settled, E_FILTER_INVALID, E_JOURNAL_AWAY before the journal was ever read, E_CURSOR_INVALID and the reader's errors.
 */
export function createThermal(
  deps: ThermalDeps,
): (question: ThermalQuestion) => Promise<ThermalAnswer> {
  const scopes = new Map<string, () => Promise<DeviceHeat[]>>()
  const heatOf = (window: TimeWindow, filters: Filters): Promise<DeviceHeat[]> => {
    const key = JSON.stringify([window, filters.params])
    const known =
      scopes.get(key) ?? memo(deps.clock, HEAT_TTL_MS, () => readHeat(deps, window, filters))
    // The scope asked for last is the last to be forgotten.
    scopes.delete(key)
    scopes.set(key, known)
    const [oldest] = scopes.keys()
    if (scopes.size > SCOPES_MAX && oldest !== undefined) scopes.delete(oldest)
    return known()
  }
  return async ({ limit, cursor, ...question }) => {
    const filters = parseFilters(question.filters)
    const offset = cursorOffset(question, cursor)
    const { settledUntilMs, firstMinuteMs } = await deps.published()
    if (settledUntilMs === null || firstMinuteMs === null)
      throw new PlimsollError(
        'E_RANGE_INVALID',
        'nothing is settled yet: ask again in some minutes',
      )
    const fromMs = Math.max(firstMinuteMs, settledUntilMs - question.minutes * MINUTE_MS)
    const window = { fromMs, toMs: settledUntilMs }
    const heat = await heatOf(window, filters)
    const page = inOrder(heat, question.sort).slice(offset, offset + limit)
    const [rises, indexes, hours] = await Promise.all([
      readRises(deps, page, window),
      readIndexes(deps, page),
      readHours(deps, page, settledUntilMs),
    ])
    const has = heat.filter(({ celsius }) => celsius !== null)
    return {
      definition: DEFINITION_SET,
      simulated: deps.simulated,
      settled_until: iso(settledUntilMs),
      from: iso(fromMs),
      to: iso(settledUntilMs),
      total: heat.length,
      with_temperature: has.length,
      temperature_coverage: coverageOf(heat, ({ temperatureMs }) => temperatureMs),
      margin_edges: [...MARGIN_EDGES],
      margins: marginsOf(heat).slice(0, MODELS_MAX),
      devices_below_margin: heat.filter(isClose).length,
      devices: page.map((device) => ({
        ...deviceOf(device, rises.get(device.id), hours.get(device.id)),
        device_index: indexes.get(device.id) ?? null,
      })),
      racks: racksOf(heat),
      next_cursor: nextCursor(question, { offset, given: page.length, total: heat.length }),
    }
  }
}

async function readHeat(
  { reader, models, documents }: ThermalDeps,
  window: TimeWindow,
  filters: Filters,
): Promise<DeviceHeat[]> {
  const asked = { ...filters.params, from_s: window.fromMs / 1000, to_s: window.toMs / 1000 }
  const [rows, supplyOf] = await Promise.all([
    thermalGroups.run(reader, asked),
    documents().then(({ facility }) => readSupplies(reader, window, facility)),
  ])
  return devicesOf(rows, models, supplyOf)
}

function inOrder(heat: readonly DeviceHeat[], sort: ThermalQuestion['sort']): DeviceHeat[] {
  const field = THERMAL_ORDERS.find((known) => sort === known || sort === `-${known}`)
  const figure = FIGURES[field ?? 'temperature_celsius']
  const sign = sort === field ? 1 : -1
  return heat
    .map((device) => ({ device, value: figure(device) }))
    .sort((a, b) => byFigure(a.value, b.value, sign) || (a.device.id < b.device.id ? -1 : 1))
    .map(({ device }) => device)
}

const FIGURES: Readonly<Record<ThermalOrder, (device: DeviceHeat) => number | null>> = {
  temperature_celsius: ({ celsius }) => celsius,
  margin_celsius: ({ margin }) => margin,
  score: ({ peers }) => peers().score,
  throttled_heat_seconds: ({ throttledSeconds }) => throttledSeconds,
}

/** Devices without the figure last, whichever way the order goes. */
function byFigure(left: number | null, right: number | null, sign: number): number {
  if (left === null || right === null) return Number(left === null) - Number(right === null)
  return sign * (left - right)
}

interface Rise {
  readonly perMinute: number | null
  readonly samples: number
}

async function readRises(
  { reader }: ThermalDeps,
  page: readonly DeviceHeat[],
  { fromMs, toMs }: TimeWindow,
): Promise<Map<string, Rise>> {
  if (page.length === 0) return new Map()
  const ids = page.map(({ id }) => id)
  const rows = await thermalSamples.run(reader, { ids, from_ms: fromMs, to_ms: toMs })
  return new Map(
    rows.map(({ id, at_s, celsius }) => [
      id,
      { perMinute: risePerMinute(at_s, celsius), samples: celsius.length },
    ]),
  )
}

/** Numbers of devices on their nodes: eight neighbours are told apart by them. */
async function readIndexes(
  { reader, clock }: ThermalDeps,
  page: readonly DeviceHeat[],
): Promise<Map<string, number>> {
  if (page.length === 0) return new Map()
  const ids = page.map(({ id }) => id)
  const rows = await deviceDescriptions.run(reader, { ids, now_ms: clock() })
  return new Map(
    rows.flatMap(({ id, device_index }) => (device_index < 0 ? [] : [[id, device_index] as const])),
  )
}

type Throttled = ThermalDevice['throttled_heat_24h']

/** Throttled time by hour, of the last whole hours that are settled. */
async function readHours(
  { reader }: ThermalDeps,
  page: readonly DeviceHeat[],
  settledUntilMs: number,
): Promise<Map<string, Throttled>> {
  if (page.length === 0) return new Map()
  const toMs = Math.floor(settledUntilMs / HOUR_MS) * HOUR_MS
  const rows = await thermalHours.run(reader, {
    ids: page.map(({ id }) => id),
    from_s: (toMs - THROTTLED_HOURS * HOUR_MS) / 1000,
    to_s: toMs / 1000,
  })
  const devices = new Map<string, Throttled>()
  for (const [id, hours] of Map.groupBy(rows, (row) => row.id)) {
    const told = hours.map(({ hour_s, throttled_heat_ms_x1000 }) => ({
      from: iso(hour_s * 1000),
      device_seconds: throttled_heat_ms_x1000 / 1_000_000,
    }))
    const sum = hours.reduce((total, hour) => total + hour.throttled_heat_ms_x1000, 0)
    devices.set(id, { device_seconds: sum / 1_000_000, hours: told })
  }
  return devices
}

const coverageOf = (
  devices: readonly DeviceHeat[],
  read: (device: DeviceHeat) => number,
): number | null => {
  const capacity = devices.reduce((sum, device) => sum + device.capacityMs, 0)
  // A minute that capacity covers in part is sampled for longer than it counts.
  const known = devices.reduce((sum, device) => sum + Math.min(read(device), device.capacityMs), 0)
  return capacity <= 0 ? null : known / capacity
}

function deviceOf(
  device: DeviceHeat,
  rise: Rise | undefined,
  throttled: Throttled | undefined,
): Omit<ThermalDevice, 'device_index'> {
  const peers = device.peers()
  return {
    device_id: device.id,
    ...device.place,
    node: device.node,
    temperature_celsius: device.celsius,
    temperature_celsius_max: device.celsiusMax,
    margin_celsius: device.margin,
    margin_source: device.marginSource,
    rise_celsius_per_minute: rise?.perMinute ?? null,
    rise_samples: rise?.samples ?? 0,
    power_watts: device.watts,
    temperature_coverage: coverageOf([device], ({ temperatureMs }) => temperatureMs),
    power_coverage: coverageOf([device], ({ powerMs }) => powerMs),
    peers: { ...peers, is_outlier: isOutlier(peers) },
    throttled_heat_seconds: device.throttledSeconds,
    throttled_heat_24h: throttled ?? { device_seconds: 0, hours: [] },
  }
}

/** Hot spots: the least margin first, then the hottest; racks of which neither is known are none. */
function racksOf(heat: readonly DeviceHeat[]): ThermalRack[] {
  const racks = Map.groupBy(heat, ({ place: { cluster, hall, rack } }) =>
    JSON.stringify([cluster, hall, rack]),
  )
  const least = (values: readonly (number | null)[]) =>
    values.reduce((low, value) => (low === null || (value ?? low) < low ? value : low), null)
  return [...racks]
    .map(([key, devices]) => ({
      key,
      devices,
      margin: least(devices.map(({ margin }) => margin)),
      cold: least(devices.map(({ celsiusMax }) => (celsiusMax === null ? null : -celsiusMax))),
    }))
    .filter(({ cold }) => cold !== null)
    .sort(
      (a, b) =>
        byFigure(a.margin, b.margin, 1) || byFigure(a.cold, b.cold, 1) || (a.key < b.key ? -1 : 1),
    )
    .slice(0, RACKS_MAX)
    .map(({ devices, margin, cold }) => rackOf(devices, margin, cold))
}

function rackOf(
  devices: readonly DeviceHeat[],
  margin: number | null,
  cold: number | null,
): ThermalRack {
  const { cluster = '', hall = '', rack = '' } = devices[0]?.place ?? {}
  const temperatures = devices.flatMap(({ celsius }) => (celsius === null ? [] : [celsius]))
  return {
    cluster,
    hall,
    rack,
    devices: devices.length,
    temperature_celsius_median: median(temperatures),
    temperature_celsius_max: cold === null ? null : -cold,
    margin_celsius_min: margin,
    devices_below_margin: devices.filter(isClose).length,
    outliers: devices.filter((device) => isOutlier(device.peers())).length,
    throttled_heat_seconds: devices.reduce((sum, device) => sum + device.throttledSeconds, 0),
    temperature_coverage: coverageOf(devices, ({ temperatureMs }) => temperatureMs),
  }
}
