import type { PipelineAnswer } from '#schemas/api-pipeline.ts'
import { type Answers, type Asked, valueOf } from './ask.ts'
import { exitCodeOf, type ZoneNow } from './zone.ts'

/** Open alerts that are named; the rest is counted. */
const NAMED_MAX = 10
const SLICE_S = 300

/** The fleet in ten lines, with details of what is not well beneath the line they belong to. Pure. */
export function statusLines(answers: Answers, zone: ZoneNow): string[] {
  const { base, ready, session } = answers
  const info = valueOf(session)
  const about = [
    ready.ok ? 'ready' : `not ready, ${ready.words}`,
    ...(info === null ? [] : [`version ${info.version}`]),
    ...(info?.simulated === true ? ['all data is simulated'] : []),
  ]
  return [
    `${base}: ${about.join(', ')}`,
    ...ready.warnings.map((warning) => `  ${warning}`),
    labelled('Fleet', fleetWords(answers)),
    labelled('Zone', `${zone.zone}: ${zone.words}`),
    labelled('Loss', lossWords(answers)),
    labelled('Reporting', reportingWords(answers)),
    ...alertLines(answers),
    labelled('Next', nextWords(answers)),
    labelled('PUE', pueWords(answers)),
    ...told(answers.pipeline, pipelineLines, 'Pipeline'),
    labelled('Settled', settledWords(answers)),
  ]
}

/** The same for programs; a figure that is not known is null. */
export function statusJson(answers: Answers, zone: ZoneNow): object {
  const { base, atMs, ready } = answers
  const group = fleetGroup(answers)
  const alerts = valueOf(answers.alerts)
  const [next] = valueOf(answers.forecast)?.forecasts ?? []
  const pipeline = valueOf(answers.pipeline)
  return {
    server: base,
    at: new Date(atMs).toISOString(),
    ready: ready.ok,
    simulated: valueOf(answers.session)?.simulated ?? null,
    zone: zone.zone,
    zone_because: zone.words,
    exit_code: exitCodeOf(zone),
    utilization: group?.utilization ?? null,
    util_lo: group?.util_lo ?? null,
    util_hi: group?.util_hi ?? null,
    coverage: group?.coverage ?? null,
    devices: group?.devices ?? null,
    loss_usd_per_hour: lossPerHour(answers),
    alerts_open: alerts?.open ?? null,
    alerts: namedAlerts(answers).map(({ severity, line }) => ({ severity, line: line.en })),
    next_crossing: next?.to_line_at ?? null,
    learning: next?.learning ?? null,
    pue: valueOf(answers.pue)?.window.value ?? null,
    pipeline: pipeline?.verdict.state ?? null,
    settled_until: pipeline?.settled_until ?? null,
  }
}

export const fleetGroup = ({ fleet }: Answers) => valueOf(fleet)?.groups[0] ?? null

const labelled = (name: string, words: string) => `${name.padEnd(10)}${words}`
const unknown = (why: string) => `not known (${why})`
const percent = (share: number, digits = 1) => `${(share * 100).toFixed(digits)} %`
const whole = (value: number) => Math.round(value).toLocaleString('en-US')

function told<T>(asked: Asked<T>, lines: (value: T) => string[], name: string): string[] {
  const [first = '', ...more] = 'value' in asked ? lines(asked.value) : [unknown(asked.missing)]
  return [labelled(name, first), ...more.map((line) => `  ${line}`)]
}

function fleetWords(answers: Answers): string {
  const { fleet } = answers
  if ('missing' in fleet) return unknown(fleet.missing)
  const { utilization, util_lo: low, util_hi: high, coverage } = fleetGroup(answers) ?? {}
  if (typeof utilization !== 'number') return unknown('nothing reports')
  const bounds =
    typeof low === 'number' && typeof high === 'number'
      ? ` (${percent(low)} to ${percent(high)})`
      : ''
  const known = typeof coverage === 'number' ? `, coverage ${percent(coverage)}` : ''
  return `busy ${percent(utilization)}${bounds}${known}`
}

function lossPerHour(answers: Answers): number | null {
  const usd = fleetGroup(answers)?.loss_usd?.versus_target ?? null
  return usd === null ? null : (usd * 3600) / SLICE_S
}

function lossWords(answers: Answers): string {
  const usd = lossPerHour(answers)
  if (usd === null) return unknown('no price, or nothing reports')
  const assumed = fleetGroup(answers)?.loss_assumed === true ? ' (a price nobody entered)' : ''
  return usd < 0
    ? `$${whole(-usd)}/h ahead of 75 %${assumed}`
    : `$${whole(usd)}/h against 75 %${assumed}`
}

function reportingWords(answers: Answers): string {
  const group = fleetGroup(answers)
  const collection = valueOf(answers.collection)
  const devices =
    group === null
      ? 'devices not known'
      : `${whole(group.known_device_seconds / SLICE_S)} of ${whole(group.base_device_seconds / SLICE_S)} devices`
  if (collection === null) return devices
  const { ok, failed, stale, targets } = collection.totals
  return `${devices}; targets: ${ok} ok, ${failed} failed, ${stale} stale of ${targets}`
}

const namedAlerts = ({ alerts }: Answers) =>
  (valueOf(alerts)?.alerts ?? []).filter(
    ({ severity, state, mode, suppressed_by }) =>
      (severity === 'page' || severity === 'warn') &&
      (state === 'firing' || state === 'held') &&
      mode === 'paging' &&
      suppressed_by === null,
  )

function alertLines(answers: Answers): string[] {
  const { alerts } = answers
  if ('missing' in alerts) return [labelled('Alerts', unknown(alerts.missing))]
  const { open, evaluator, at_ms: atMs } = alerts.value
  const counts = `${open.page} page, ${open.warn} warn, ${open.ticket} ticket, ${open.data} data open`
  const seconds =
    evaluator.last_pass_ms === null ? null : Math.round((atMs - evaluator.last_pass_ms) / 1000)
  const passed = seconds === null ? 'never evaluated' : `evaluated ${seconds} s ago`
  const named = namedAlerts(answers)
  const more = named.length - NAMED_MAX
  return [
    labelled('Alerts', `${counts}; ${passed}`),
    ...named.slice(0, NAMED_MAX).map(({ line }) => `  ${line.en}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ]
}

function nextWords(answers: Answers): string {
  const { forecast, session } = answers
  if ('missing' in forecast) return unknown(forecast.missing)
  const [made] = forecast.value.forecasts
  if (made === undefined) return unknown('no forecast of the last half hour')
  const timeZone = valueOf(session)?.site_timezone ?? 'UTC'
  const at = (time: string | null) => (time === null ? null : clock(time, timeZone))
  const { median, low, high } = made.to_line_at
  const line = `the ${percent(made.line, 0)} line`
  const learned =
    made.learning.days < made.learning.of
      ? `; learning: ${made.learning.days} of ${made.learning.of} days`
      : ''
  if (made.standing?.muted === true) return `forecasts are muted${learned}`
  if (median === null) return `not under ${line} within a day${learned}`
  return `under ${line} about ${at(median)} (${at(low) ?? 'now'} to ${at(high) ?? 'later'}) ${timeZone}${learned}`
}

const clock = (time: string, timeZone: string) =>
  new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(Date.parse(time))

function pueWords({ pue }: Answers): string {
  if ('missing' in pue) return unknown(pue.missing)
  const { value, value_of_known: partial, name, label, coverage } = pue.value.window
  const called = name === '' ? label : name
  if (value !== null) return `${value.toFixed(3)} (${called}, last 24 h)`
  if (partial === null) return unknown('no meters of both sides')
  return `incomplete: ${partial.toFixed(3)} of the ${percent(coverage, 0)} that is known (${called}, last 24 h)`
}

function settledWords({ pipeline, collection, atMs }: Answers): string {
  const from = valueOf(pipeline) ?? valueOf(collection)?.pipeline ?? null
  if (from === null) return unknown('no answer')
  if (from.settled_until === null) return 'nothing yet'
  const seconds = Math.round((atMs - Date.parse(from.settled_until)) / 1000)
  return `until ${from.settled_until}, ${seconds} s ago; newest sample ${from.newest_sample_at ?? 'none'}`
}

/** The verdict, what is wrong and what to do, and who reports. */
function pipelineLines({ verdict, collectors, processes }: PipelineAnswer): string[] {
  const silent = processes.filter(({ status }) => status === 'silent').length
  const reporting =
    collectors === null || collectors.total === 0
      ? 'no collector has said how it is'
      : `collectors: ${collectors.reporting} report, ${collectors.late} late, ${collectors.silent} silent, ${collectors.stopped} stopped`
  return [
    `${verdict.state}: ${verdict.message}`,
    ...verdict.findings.map(
      ({ severity, since, message, next, docs }) =>
        `${severity}${since === null ? '' : ` since ${since}`}: ${message}. ${next} (${docs})`,
    ),
    `${reporting}; ingest: ${processes.length - silent} of ${processes.length} processes report`,
  ]
}
