import type { SignalAnswer, SignalRow } from '#schemas/alerts/signals.ts'
import { MICRO_USD } from '#schemas/price-book.ts'
import { bookOf } from '../ledger/cells.ts'
import { alertIdle, alertJobs, alertMassIdle } from '../queries/alert-signals.ts'
import { causeWords, commonCauses } from './common-cause.ts'
import {
  type Covered,
  noAnswer,
  ofAll,
  perMinute,
  settledMinutes,
  SIGNAL_ROWS_MAX,
  type SignalDeps,
  type SignalSources,
} from './signal.ts'
import { labelsFrom } from './standing.ts'

/** Hold of the stall rule, and the hour it is compared with, minutes. */
const STALL_MINUTES = 10
const STALL_BEFORE_MINUTES = 60
const STALL_BUSY_MIN = 0.9
/** Rules begin at 0.30; from here on a job is told. */
const STALL_DROP_TOLD = 0.2
/** Busy in the first five minutes and idle in the newest two of the last ten. */
const MASS_MINUTES = 10
const MASS_BEFORE_MINUTES = 5
const MASS_NOW_MINUTES = 2
/** Values of all things in common. */
const CAUSES_MAX = 5_000
/** A share of few devices is noise. */
const MASS_DEVICES_MIN = 16

/** Signals about who holds devices and what they make of them. */
export function jobSignals(deps: SignalDeps, covered: Covered): SignalSources {
  const idle = perMinute(deps, () => readIdle(deps))
  return {
    async idle_held_usd_per_hour() {
      const found = await idle()
      if (found === null) return noAnswer(deps.clock())
      const tenants = [...Map.groupBy(found.rows, ({ tenant }) => tenant)]
      const rows = tenants.map(([tenant, own]): SignalRow => {
        const usd = own.some((row) => row.usd !== null)
          ? own.reduce((sum, row) => sum + (row.usd ?? 0), 0)
          : null
        const devices = own.reduce((sum, row) => sum + row.devices, 0)
        const name =
          tenant === '' ? { en: 'Nobody by name', zh: '无归属' } : { en: tenant, zh: tenant }
        return {
          labels: labelsFrom({ tenant }),
          value: usd,
          usd_per_hour: usd,
          devices,
          what: {
            en: `${name.en} holds ${said(devices)} idle devices`,
            zh: `${name.zh} 占用 ${said(devices)} 张空闲卡`,
          },
          why: worstJobs(own),
        }
      })
      return { atMs: found.toMs, rows, covered: await covered.of('jobs') }
    },
    async idle_held_devices() {
      const found = await idle()
      if (found === null) return noAnswer(deps.clock())
      const jobs = Map.groupBy(found.rows, ({ cluster, tenant, job }) =>
        JSON.stringify([cluster, tenant, job]),
      )
      const rows = [...jobs.values()].flatMap((own): SignalRow[] => {
        const [first] = own
        if (first === undefined || first.job === '') return []
        const { cluster, tenant, job } = first
        const value = own.reduce((sum, row) => sum + row.devices, 0)
        const priced = own.filter((row) => row.usd !== null)
        const usd =
          priced.length === 0 ? null : priced.reduce((sum, row) => sum + (row.usd ?? 0), 0)
        return [
          {
            labels: labelsFrom({ cluster, tenant, job }),
            value,
            devices: value,
            usd_per_hour: usd,
            what: {
              en: `Job ${job} holds ${said(value)} idle devices`,
              zh: `任务 ${job} 占用 ${said(value)} 张空闲卡`,
            },
          },
        ]
      })
      return {
        atMs: found.toMs,
        rows: rows.slice(0, SIGNAL_ROWS_MAX),
        covered: await covered.of('jobs'),
      }
    },
    stalled_busy: perMinute(deps, () => stalledBusy(deps, covered)),
    mass_idle: perMinute(deps, () => massIdle(deps)),
  }
}

const said = (count: number) => count.toLocaleString('en-US')

async function readIdle(deps: SignalDeps) {
  const { settledUntilMs } = await deps.published()
  if (settledUntilMs === null) return null
  const [rows, documents] = await Promise.all([
    alertIdle.run(deps.reader, { minute_s: settledUntilMs / 1000 - 60, limit: SIGNAL_ROWS_MAX }),
    deps.documents(),
  ])
  const book = bookOf(documents)
  return {
    toMs: settledUntilMs,
    // Serving capacity in waiting is reserve, not waste.
    rows: rows
      .filter((row) => row.class !== 'serving')
      .map((row) => {
        const price = book.deviceHour(row, settledUntilMs)
        const usd = price === null ? null : (row.devices * Number(price.microUsd)) / MICRO_USD
        return { ...row, usd }
      }),
  }
}

function worstJobs(rows: readonly { readonly job: string; readonly devices: number }[]) {
  const named = rows
    .filter(({ job }) => job !== '')
    .toSorted((a, b) => b.devices - a.devices)
    .slice(0, 3)
  return {
    en: named.map(({ job, devices }) => `job ${job} (${said(devices)})`).join(', '),
    zh: named.map(({ job, devices }) => `任务 ${job}（${said(devices)} 卡）`).join('，'),
  }
}

async function stalledBusy(deps: SignalDeps, covered: Covered): Promise<SignalAnswer> {
  const window = await settledMinutes(deps, STALL_MINUTES + STALL_BEFORE_MINUTES)
  if (window === null) return noAnswer(deps.clock())
  const { toMs, from_s, to_s } = window
  const found = await alertJobs.run(deps.reader, {
    from_s,
    to_s,
    now_s: to_s - STALL_MINUTES * 60,
    busy_min: STALL_BUSY_MIN,
    drop_min: STALL_DROP_TOLD,
    limit: SIGNAL_ROWS_MAX,
  })
  const rows = found.map(({ cluster, tenant, job, vendor, devices, ...power }): SignalRow => {
    const value = 1 - power.watts_now / power.watts_before
    const [now, before] = [power.watts_now, power.watts_before].map((watts) => Math.round(watts))
    return {
      labels: labelsFrom({ cluster, tenant, job, vendor }),
      value,
      devices,
      what: {
        en: `Job ${job} looks busy on ${said(devices)} devices and draws ${now} W each, ${before} W before`,
        zh: `任务 ${job} 在 ${said(devices)} 卡上看似忙碌，单卡功率 ${now} W，此前 ${before} W`,
      },
    }
  })
  return { atMs: toMs, rows, covered: await covered.of('power') }
}

async function massIdle(deps: SignalDeps): Promise<SignalAnswer> {
  const window = await settledMinutes(deps, MASS_MINUTES)
  if (window === null) return noAnswer(deps.clock())
  const { toMs, from_s, to_s } = window
  if (to_s - from_s < MASS_MINUTES * 60) return noAnswer(toMs)
  const counts = await alertMassIdle.run(deps.reader, {
    before_from_s: from_s,
    before_to_s: from_s + MASS_BEFORE_MINUTES * 60,
    now_s: to_s - MASS_NOW_MINUTES * 60,
    to_s,
    limit: CAUSES_MAX,
  })
  const { went = 0, stayed = 0 } = counts.find(({ name }) => name === '') ?? {}
  const value = went + stayed < MASS_DEVICES_MIN ? 0 : went / (went + stayed)
  const row: SignalRow = {
    labels: {},
    value,
    devices: went,
    what: {
      en: `${said(went)} of ${said(went + stayed)} busy devices went idle within minutes`,
      zh: `${said(went + stayed)} 张忙碌卡中 ${said(went)} 张在数分钟内转闲`,
    },
    why: causeWords(commonCauses(counts)),
  }
  return { atMs: toMs, rows: [row], covered: ofAll(went + stayed) }
}
