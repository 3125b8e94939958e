import type { SignalRow } from '#schemas/alerts/signals.ts'
import { pueAnswer } from '../facility/pue.ts'
import { memo } from '../memo.ts'
import { alertCollectors, alertPipeline } from '../queries/alert-signals.ts'
import { HOUR_MS, iso, MINUTE_MS } from '../window.ts'
import {
  noAnswer,
  ofAll,
  READ_TTL_MS,
  SIGNAL_ROWS_MAX,
  type SignalDeps,
  type SignalSources,
} from './signal.ts'
import { labelsFrom } from './standing.ts'

/** PUE of fewer buckets swings with each of them. */
const PUE_HOURS = 3
const PUE_TTL_MS = 5 * MINUTE_MS
const PROCESS_MS = 15 * MINUTE_MS
const COLLECTOR_MS = 24 * HOUR_MS
/** A collector is missed after this many of its intervals. */
const MISSED_INTERVALS = 2.5
/** A reading of a meter that is older says nothing of now. */
const METER_OLD_MS = 10 * MINUTE_MS

/** Signals of the site's power and of Plimsoll itself. */
export function plantSignals(deps: SignalDeps): SignalSources {
  const processes = memo(deps.clock, READ_TTL_MS, async () => {
    const now_ms = deps.clock()
    return {
      atMs: now_ms,
      rows: await alertPipeline.run(deps.reader, { now_ms, since_ms: now_ms - PROCESS_MS }),
    }
  })
  const collectors = memo(deps.clock, READ_TTL_MS, async () => {
    const atMs = deps.clock()
    const asked = { since_ms: atMs - COLLECTOR_MS, limit: SIGNAL_ROWS_MAX }
    return { atMs, rows: await alertCollectors.run(deps.reader, asked) }
  })
  const ofCollectors =
    (
      value: (row: Awaited<ReturnType<typeof alertCollectors.run>>[number], atMs: number) => number,
    ) =>
    async () => {
      const { atMs, rows } = await collectors()
      const running = rows.filter(({ stopping }) => stopping === 0)
      return {
        atMs,
        rows: running.map((row): SignalRow => {
          const { cluster, collector, last_devices } = row
          return {
            labels: labelsFrom({ cluster, collector }),
            value: value(row, atMs),
            devices: last_devices,
          }
        }),
        covered: ofAll(running.length),
      }
    }
  return {
    async pipeline_lag() {
      const { settledUntilMs } = await deps.published()
      const atMs = deps.clock()
      // Nothing was ever settled: a new site, not one that is late.
      if (settledUntilMs === null) return noAnswer(atMs)
      const seconds = Math.max(0, (atMs - settledUntilMs) / 1000)
      const minutes = Math.round(seconds / 60)
      const what = {
        en: `Plimsoll is ${minutes} min behind; nothing is known to be wrong with the fleet`,
        zh: `Plimsoll 数据滞后 ${minutes} 分钟；未发现设备异常`,
      }
      return { atMs, rows: [{ labels: {}, value: seconds, what }], covered: ofAll(1) }
    },
    async disk_fill() {
      const { atMs, rows } = await processes()
      const known = rows.filter(({ disk }) => disk !== null)
      return {
        atMs,
        rows: known.map(({ process, disk }): SignalRow => ({
          labels: labelsFrom({ shard: process }),
          value: disk,
        })),
        covered: ofAll(known.length),
      }
    },
    spool_fill: ofCollectors(({ spool_ratio }) => spool_ratio),
    targets_failed: ofCollectors(({ failed }) => failed),
    collector_silent: ofCollectors(({ heard_ms, every_ms }, atMs) => {
      const silentMs = atMs - heard_ms
      return silentMs > MISSED_INTERVALS * every_ms ? silentMs / 1000 : 0
    }),
    async power_capacity_ratio() {
      const { atMs, heard } = await deps.heardNow()
      const rows = [...heard].flatMap(([meter, { lastMs, values }]): SignalRow[] => {
        const load = values['load_ratio']
        if (load === undefined) return []
        const isOld = atMs - lastMs > METER_OLD_MS
        const what = {
          en: `${meter} carries ${Math.round(load * 100)} % of its rating`,
          zh: `${meter} 负载为额定的 ${Math.round(load * 100)} %`,
        }
        return [{ labels: { meter }, value: isOld ? null : load, what }]
      })
      return { atMs, rows: rows.slice(0, SIGNAL_ROWS_MAX), covered: ofAll(rows.length) }
    },
    pue_excess: memo(deps.clock, PUE_TTL_MS, () => pueExcess(deps)),
  }
}

async function pueExcess(deps: SignalDeps) {
  const { settledUntilMs } = await deps.settledScopes()
  if (settledUntilMs === null) return noAnswer(deps.clock())
  const window = { from: iso(settledUntilMs - PUE_HOURS * HOUR_MS), to: iso(settledUntilMs) }
  const { comparable, window: own } = await pueAnswer(deps, {
    ...window,
    resolution: 'all',
    scope: 'site',
  })
  const value = comparable?.difference ?? null
  const row: SignalRow = {
    labels: {},
    value,
    coverage: own.coverage,
    usd_per_hour: comparable?.usd_per_hour ?? null,
    what: {
      en: `PUE is ${value?.toFixed(2) ?? '-'} above that of the same load before`,
      zh: `PUE 比同负载历史值高 ${value?.toFixed(2) ?? '-'}`,
    },
  }
  // Energy settles every 15 minutes, so its time is always "old"; what it says stands until the next bucket.
  return { atMs: deps.clock(), rows: [row], covered: ofAll(1) }
}
