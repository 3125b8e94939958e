import { setTimeout as sleep } from 'node:timers/promises'
import { type BacktestResult, BacktestRun, BacktestsAnswer } from '#schemas/api-backtest.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Invocation } from './command.ts'
import { timeOf } from './commands/repair.ts'
import { askServer, jsonOf } from './server-request.ts'

const LOOK_EVERY_MS = 1_000
const LINES_MAX = 200

/** Whether a server answers there. */
export async function isThere(base: string): Promise<boolean> {
  try {
    const { status } = await askServer(new URL('/api/v1/session', base), { token: undefined })
    return status < 500
  } catch {
    return false
  }
}

/** A backtest by a server that runs: begun there, waited for, and printed. The exit code. */
export async function askedOf(invocation: Invocation, base: string): Promise<number> {
  const token = invocation.env['PLIMSOLL_TOKEN']
  const url = new URL('/api/v1/alerts/backtest', base)
  const given = invocation.option('rule') ?? ''
  const scope = invocation.option('scope')
  const question = {
    // The short name of this command's first release.
    rule: given === 'zone' ? 'utilization_zone' : given,
    from: String(timeOf(invocation, 'from')),
    to: String(timeOf(invocation, 'to')),
    ...(scope === undefined ? {} : { scope }),
  }
  url.search = new URLSearchParams(question).toString()
  const begun = BacktestRun.parse(await jsonOf(await askServer(url, { token, method: 'POST' })))
  for (let run = begun, told = 0; ;) {
    if (run.state === 'failed')
      throw new PlimsollError('E_INTERNAL', `the backtest failed: ${run.error ?? ''}`)
    if (run.result !== null) {
      for (const line of resultLines(run.result)) invocation.print(line)
      return 0
    }
    const tenth = Math.floor(run.progress * 10)
    if (tenth > told) console.error(`${tenth * 10} %`)
    told = Math.max(told, tenth)
    await sleep(LOOK_EVERY_MS)
    const { runs } = BacktestsAnswer.parse(await jsonOf(await askServer(url, { token })))
    const next = runs.find(({ id }) => id === begun.id)
    if (next === undefined)
      throw new PlimsollError('E_NOT_FOUND', 'the server forgot the backtest: it was started again')
    run = next
  }
}

/** Each alert on a line, the newest last, then what the journal would keep. */
export function resultLines({ told, more, looks_ahead, acceptance }: BacktestResult): string[] {
  const shown = told.slice(-LINES_MAX)
  const left = more + told.length - shown.length
  return [
    ...(left > 0 ? [`… ${left} earlier`] : []),
    ...shown.map(({ scope, severity, from_ms, to_ms, lead_minutes }) => {
      const until = to_ms === null ? 'goes on' : `until ${iso(to_ms)}`
      const nothing = looks_ahead ? ', nothing came' : ''
      const lead = lead_minutes === null ? nothing : `, ${lead_minutes} min ahead`
      return `  ${severity.padEnd(6)} ${scope} ${iso(from_ms)} ${until}${lead}`
    }),
    acceptance,
  ]
}

const iso = (ms: number) => new Date(ms).toISOString().replace(/(:00)?\.000Z$/, 'Z')
