import { setTimeout } from 'node:timers/promises'
import { type DrillReport, drillReport } from '#schemas/alerts/drill-report.ts'
import type { Acknowledgement, DeliveryResult } from '#schemas/alerts/alert.ts'
import { DrillAnswer } from '#schemas/api-alert-drill.ts'
import { JournalPage } from '#schemas/api-journal.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Invocation } from './command.ts'
import { askServer, DEFAULT_SERVER, jsonOf } from './server-request.ts'

const LOOK_EVERY_MS = 2_000
const WAIT_MINUTES = 15
const WAIT_MINUTES_MAX = 240

/**
 * Has a running server send a page marked DRILL and waits until somebody acknowledges it. Exit code 0 = acknowledged, 1 =
 * nobody did in time.
 */
export async function drill(
  invocation: Pick<Invocation, 'env' | 'option' | 'print'>,
): Promise<number> {
  const base = invocation.option('server') ?? DEFAULT_SERVER
  const token = invocation.env['PLIMSOLL_TOKEN']
  const waitMs = minutesOf(invocation.option('wait')) * 60_000
  const order = { token, method: 'POST' }
  const begun = DrillAnswer.parse(
    await jsonOf(await askServer(new URL('/api/v1/alerts/drill', base), order)),
  )
  const { notifications } = begun
  const [first] = notifications
  const mention = first?.mention ? `, for ${first.mention}` : ''
  invocation.print(
    `DRILL sent to ${notifications.map(({ channel }) => channel).join(', ')}${mention}. Waiting for somebody to acknowledge it…`,
  )
  const untilMs = performance.now() + waitMs
  const results: DeliveryResult[] = []
  const acks: Acknowledgement[] = []
  let from = begun.sequence + 1
  for (;;) {
    const url = new URL(`/api/v1/journal?from=${from}&limit=200`, base)
    const { last, entries } = JournalPage.parse(await jsonOf(await askServer(url, { token })))
    for (const { sequence, body } of entries) {
      from = sequence + 1
      if (body.kind === 'alert_deliveries') results.push(...body.results)
      if (body.kind === 'alert_acks') acks.push(...body.acks)
    }
    const report = drillReport(notifications, results, acks)
    const isOver = report.acknowledgedAfterMs !== null || performance.now() >= untilMs
    // What is in the journal already is read before anybody waits.
    if (from <= last && entries.length > 0 && !isOver) continue
    if (isOver) return tell(invocation, report, waitMs)
    await setTimeout(LOOK_EVERY_MS)
  }
}

function minutesOf(text: string | undefined): number {
  const minutes = text === undefined ? WAIT_MINUTES : Number(text.replace(/m$/, ''))
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= WAIT_MINUTES_MAX) return minutes
  throw new PlimsollError('E_USAGE', `--wait ${text}: whole minutes from 1 to ${WAIT_MINUTES_MAX}`)
}

function tell(invocation: Pick<Invocation, 'print'>, report: DrillReport, waitMs: number): number {
  for (const { channel, acceptedAfterMs, attempts, detail } of report.channels) {
    const said = detail === '' ? '' : `: ${detail}`
    invocation.print(
      acceptedAfterMs === null
        ? `  ${channel}: not accepted after ${attempts} attempts${said}`
        : `  ${channel}: accepted after ${seconds(acceptedAfterMs)}`,
    )
  }
  const { acknowledgedAfterMs, who } = report
  invocation.print(
    acknowledgedAfterMs === null
      ? `Nobody acknowledged it within ${waitMs / 60_000} min.`
      : `Acknowledged by ${who} after ${seconds(acknowledgedAfterMs)}.`,
  )
  return acknowledgedAfterMs === null ? 1 : 0
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
