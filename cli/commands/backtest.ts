import { backtestForecast, backtestZone, type ScopeSlices } from '../../alerts/backtest/backtest.ts'
import { type Backtest, backtestLines } from '../../alerts/backtest/report.ts'
import { calendarAt } from '../../alerts/forecast/season.ts'
import { zonePages } from '../../alerts/zones/pages.ts'
import { connectReader } from '../../ingest/store/reader.ts'
import { zoneScopes, zoneSlices } from '../../query/alerts/zone-slices.ts'
import { fleetDeps, type FleetDeps } from '../../query/fleet.ts'
import type { TimeRange } from '#schemas/alerts/ports.ts'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import { ZONE_SCOPES, ZoneSet } from '#schemas/alerts/zone-set.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Invocation } from '../command.ts'
import { askedOf, isThere } from '../backtest-server.ts'
import { createLogger } from '../log.ts'
import { DEFAULT_SERVER } from '../server-request.ts'
import { readSettings } from '../settings.ts'
import { storeAccess } from '../store.ts'
import { timeOf } from './repair.ts'

const DAY_MS = 86_400_000
/** What a forecast learns from, and what the windows of a zone look back at. */
const HISTORY_MS = { forecast_zone: 56 * DAY_MS, zone: 3 * DAY_MS } as const
/** One question to the store covers so much: a year in one would be more rows than it gives. */
const CHUNK_MS = 7 * DAY_MS
const DAYS_MAX = 366
const LINES_MAX = 200

/** `plimsoll backtest`: by the server that runs, else, for zone and forecast_zone, by the store itself. */
export async function run(invocation: Invocation): Promise<number> {
  const { env } = invocation
  const isStoreNamed = [invocation.option('clickhouse'), env['CLICKHOUSE_URL']].some(Boolean)
  const server = invocation.option('server')
  if (server !== undefined || !isStoreNamed) {
    const base = server ?? DEFAULT_SERVER
    if (server !== undefined || (await isThere(base))) return askedOf(invocation, base)
  }
  const asked = backtestRequest(invocation)
  const settings = readSettings(invocation)
  const log = createLogger((line) => console.error(line), Date.now, 'backtest')
  const access = storeAccess(settings, log)
  const started: (typeof access.roles)[number][] = []
  try {
    for (const role of access.roles) {
      await role.start()
      started.push(role)
    }
    const reader = connectReader(access.connection())
    try {
      const { timeZone } = settings
      const deps = fleetDeps({ reader, clock: Date.now, timeZone, simulated: false })
      for (const line of backtestLines(await tried(deps, asked, timeZone), LINES_MAX))
        invocation.print(line)
    } finally {
      await reader.close()
    }
  } finally {
    for (const role of started.toReversed()) await role.stop()
  }
  return 0
}

export interface BacktestRequest {
  readonly rule: keyof typeof HISTORY_MS
  readonly fromMs: number
  readonly toMs: number
  readonly set: ZoneSet
  readonly holidays: ReadonlySet<string>
}

/** What was asked for. Throws E_USAGE for what it cannot try, E_RANGE_INVALID for an empty window. */
export function backtestRequest(invocation: Pick<Invocation, 'option'>): BacktestRequest {
  const rule = invocation.option('rule')
  if (rule !== 'zone' && rule !== 'forecast_zone')
    throw new PlimsollError(
      'E_USAGE',
      `--rule ${rule ?? ''}: zone and forecast_zone can be tried on what is stored; other rules begin by observing instead`,
    )
  const [fromMs, toMs] = [timeOf(invocation, 'from'), timeOf(invocation, 'to')]
  if (fromMs >= toMs)
    throw new PlimsollError('E_RANGE_INVALID', '--from is not before --to: nothing to try')
  if (toMs - fromMs > DAYS_MAX * DAY_MS)
    throw new PlimsollError('E_USAGE', `--from and --to are more than ${DAYS_MAX} days apart`)
  const scope = invocation.option('scope') ?? 'fleet'
  const set = ZoneSet.safeParse({ ...DEFAULT_ZONE_SET, scope, value: scope === 'fleet' ? '' : '*' })
  if (!set.success)
    throw new PlimsollError('E_USAGE', `--scope ${scope}: one of ${ZONE_SCOPES.join(', ')}`)
  return { rule, fromMs, toMs, set: set.data, holidays: holidaysOf(invocation.option('holidays')) }
}

function holidaysOf(text = ''): ReadonlySet<string> {
  const dates = text.split(',').filter((date) => date !== '')
  const wrong = dates.find(
    (date) => !/^\d{4}-\d\d-\d\d$/.test(date) || Number.isNaN(Date.parse(date)),
  )
  if (wrong !== undefined)
    throw new PlimsollError(
      'E_USAGE',
      `--holidays ${wrong}: give dates such as 2026-02-17,2026-02-18`,
    )
  return new Set(dates)
}

async function tried(
  deps: FleetDeps,
  { rule, fromMs, toMs, set, holidays }: BacktestRequest,
  timeZone: string,
): Promise<Backtest> {
  const scopes = await slicesOf(deps, set, { fromMs: fromMs - HISTORY_MS[rule], toMs })
  const window = { rule, fromMs, toMs }
  if (rule === 'zone') return backtestZone(window, set, scopes, timeZone)
  return backtestForecast(window, set, scopes, {
    calendar: calendarAt(fromMs, { timeZone, holidays }),
  })
}

async function slicesOf(
  deps: FleetDeps,
  set: ZoneSet,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<ScopeSlices> {
  const found = new Map<string, ScopeSlices[number]>()
  const facts = {
    zoneScopes: (asked: ZoneSet, range: TimeRange) => zoneScopes(deps, asked, range),
    zoneSlices: (asked: ZoneSet, range: TimeRange, only?: readonly string[]) =>
      zoneSlices(deps, asked, range, only),
  }
  for (let at = fromMs; at < toMs; at += CHUNK_MS) {
    const range = { fromMs: at, toMs: Math.min(at + CHUNK_MS, toMs) }
    for await (const page of zonePages(facts, set, range))
      for (const { labels, slices } of page) {
        const key = JSON.stringify(labels)
        const before = found.get(key)?.slices ?? []
        found.set(key, { labels, slices: [...before, ...slices] })
      }
  }
  return [...found.values()]
}
