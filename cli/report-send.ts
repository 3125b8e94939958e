import {
  ReportDeliveries,
  type ReportDeliveryItem,
  ReportSendAnswer,
} from '#schemas/api-reports.ts'
import { jsonOf } from './server-request.ts'

/** A relay may take 15 s to answer, and a PDF seconds to be drawn. */
const WAIT_MS = 90_000
const LOOK_EVERY_MS = 1_000

export interface SendPorts {
  /** Asks /api/v1/reports + path. */
  readonly ask: (path: string, method?: string, body?: unknown) => Promise<Response>
  readonly print: (line: string) => void
  readonly clock: () => number
  readonly sleep: (ms: number) => Promise<void>
}

/**
 * Sends a report now and waits for what becomes of it. 0 = everybody has it; 1 = somebody has not, or nobody sends. Throws
 * what the server says when it refuses.
 */
export async function sendReport(
  week: string,
  asked: {
    readonly recipients?: readonly string[]
    readonly revision?: number
    readonly again: boolean
  },
  { ask, print, clock, sleep }: SendPorts,
): Promise<number> {
  const answer = ReportSendAnswer.parse(await jsonOf(await ask(`/${week}/send`, 'POST', asked)))
  const { revision, results } = answer
  const waiting = new Set<string>()
  print(`${answer.week} revision ${revision}`)
  for (const { recipient, result, accepted_ms: acceptedMs } of results)
    if (result === 'queued') waiting.add(recipient)
    else print(`  ${recipient}: has it since ${time(acceptedMs)}; --again sends it once more`)
  const untilMs = clock() + WAIT_MS
  let failed = 0
  while (waiting.size > 0 && clock() < untilMs) {
    await sleep(LOOK_EVERY_MS)
    const { deliveries } = ReportDeliveries.parse(await jsonOf(await ask('/deliveries')))
    for (const one of deliveries) {
      const isOurs = one.week === answer.week && one.revision === revision
      // Nothing was tried yet since it was asked for.
      if (!isOurs || !waiting.has(one.recipient) || one.at_ms === null) continue
      waiting.delete(one.recipient)
      if (one.state !== 'accepted') failed += 1
      print(`  ${one.recipient}: ${told(one)}`)
    }
  }
  for (const recipient of waiting)
    print(
      `  ${recipient}: nobody sent it within ${WAIT_MS / 1000} s; does plimsoll all or plimsoll alerts run?`,
    )
  return failed + waiting.size > 0 ? 1 : 0
}

function told({ state, detail, next_ms: nextMs }: ReportDeliveryItem): string {
  if (state === 'accepted') return detail
  if (nextMs === null) return `given up: ${detail}`
  return `${detail}; tried again at ${time(nextMs)}`
}

const time = (ms: number | null) => (ms === null ? '-' : new Date(ms).toISOString())
