import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { linksOf } from '../alerts/deliver/links.ts'
import { fingerprintOf } from '../alerts/engine/fingerprint.ts'
import { conversationsOf } from '../alerts/engine/noise/groups.ts'
import { openFileJournal } from '../ingest/bus/file-journal.ts'
import { START_MS, testApp } from '../query/access/access.testing.ts'
import type { Alerting } from '../query/alerts/alerting.ts'
import type { Backtests } from '#schemas/alerts/backtest.ts'
import type { Alert, Notification } from '#schemas/alerts/alert.ts'
import type { AlertLabels } from '#schemas/alerts/severity.ts'
import type { JournalBody } from '#schemas/journal.ts'
import { linkKey } from './alerts-files.ts'
import { openAlerting } from './alerting.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const closing: (() => Promise<void> | void)[] = []
/** Ends what `site` opened. */
export async function closeSites(): Promise<void> {
  for (const close of closing.splice(0).reverse()) await close()
}

export const headers = { host: 'localhost:8440' }
const LABELS = { rack: 'r7', node: 'n1' }

/** The whole application over a journal in files, with the pack's own rules. */
export async function site(given: Partial<Alerting> = {}, backtests?: Backtests) {
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-alerts-api-'))
  closing.push(() => rm(folder, { recursive: true }))
  const directory = join(folder, 'journal')
  const lock = () => Promise.resolve(() => Promise.resolve())
  const journal = await openFileJournal({ directory, log: quiet, lock })
  closing.push(() => journal.close())
  const settings = {
    alertsFile: undefined,
    rulesPath: undefined,
    timeZone: 'Asia/Shanghai',
    dataDir: folder,
  }
  const opened = await openAlerting({ settings, log: quiet, roles: [] })
  closing.push(opened.close)
  const alerting = { ...opened.alerting, ...given }
  const built = await testApp({
    journal,
    alerting,
    ...(backtests === undefined ? {} : { backtests: () => backtests }),
  })
  closing.push(() => built.app.close())
  const rule = [...opened.alerting.rules().values()].find(
    ({ rule: { lane, group_by, urgent } }) => lane === 'value' && group_by.length === 0 && !urgent,
  )?.rule
  if (rule === undefined) throw new Error('the pack has such a rule')
  const append = (body: JournalBody, atMs = START_MS) =>
    journal.append({ at_ms: atMs, who: 'alerts', body })
  const get = (path: string) => built.app.inject({ url: `/api/v1${path}`, headers })
  const send = (method: 'POST' | 'DELETE', path: string, payload?: object) =>
    built.app.inject({ method, url: `/api/v1${path}`, headers, ...(payload && { payload }) })
  const alert = alertOf(rule.name, LABELS)
  const group = conversationsOf(rule, LABELS)[0] ?? ''
  const fire = () =>
    append({
      kind: 'alerts',
      epoch: 1,
      transitions: [{ at_ms: START_MS, from: 'inactive', alert }],
      notifications: [noteOf(group, alert)],
      forgotten: [],
    })
  const link = (action: 'ack' | 'silence') =>
    linkKey(folder).then((key) => {
      const about = { publicUrl: 'http://localhost:8440', key, runbookOf: () => null }
      return new URL(linksOf(noteOf(group, alert), [alert], about)[action] ?? '')
    })
  const advance = (ms: number) => built.advance(ms)
  return { ...built, advance, journal, rule, append, get, send, alert, group, fire, link }
}

const alertOf = (rule: string, labels: AlertLabels, firedMs = START_MS - 60_000): Alert => ({
  fingerprint: fingerprintOf(rule, labels),
  rule,
  labels,
  state: 'firing',
  severity: 'page',
  mode: 'paging',
  since_ms: firedMs,
  fired_ms: firedMs,
  resolved_ms: null,
  because: null,
  reading: {
    value: 0.5,
    low: null,
    high: null,
    coverage: null,
    usd_per_hour: 12,
    devices: 8,
    what: { en: 'Eight devices are silent', zh: '八台设备无数据' },
    why: null,
    doing: null,
    known: null,
  },
  cost_usd: 0,
})

const noteOf = (group: string, { fingerprint }: Alert): Notification => ({
  id: `ntf_${group.slice(4)}`,
  channel: 'ops',
  group,
  reason: 'firing',
  severity: 'page',
  urgent: false,
  at_ms: START_MS,
  not_before_ms: START_MS,
  fingerprints: [fingerprint],
  more: 0,
  mention: 'ann',
  lines: { en: ['Eight devices are silent'], zh: ['八台设备无数据'] },
})
