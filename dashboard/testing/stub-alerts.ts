import {
  AckRequest,
  AlertDetail,
  AlertHistoryAnswer,
  type AlertItem,
  AlertRulesAnswer,
  AlertsAnswer,
  SilenceItem,
  SilenceRequest,
  SilencesAnswer,
} from '#schemas/api-alerts.ts'
import { alertsAt, historyAt, timelineAt, valuesAt } from './stub-alert-stories.ts'
import { backtestStub } from './stub-backtest.ts'
import { rulesAt } from './stub-rules.ts'

/** TEST ONLY. Alerts of a made-up fleet; acknowledgements and silences are kept while the server runs. */

/** `none` = nothing is open; `silent` = the evaluator stopped three minutes ago; `new` = it never ran. */
export type StubAlerts = 'trouble' | 'none' | 'silent' | 'new'

interface Question {
  readonly method: string
  /** Below /api/v1/. */
  readonly path: string
  readonly query: URLSearchParams
  readonly body: () => Promise<unknown>
  readonly nowMs: number
}

const SEVERITIES = ['page', 'warn', 'ticket', 'data'] as const

export interface AlertsStub {
  /** Null = not about alerts; undefined inside = there is no such alert. */
  readonly answer: (question: Question) => Promise<{ readonly body: unknown } | null>
}

export function alertsStub(story: StubAlerts = 'trouble'): AlertsStub {
  const acks = new Map<string, AlertItem['ack']>()
  let silences: SilenceItem[] = []
  let isSeeded = false
  const backtest = backtestStub()
  const seed = (nowMs: number) => {
    if (isSeeded || story === 'none') return
    isSeeded = true
    silences = [silenceAt('s-1', nowMs - 3_600_000, nowMs + 3 * 3_600_000, 'maintenance')]
    silences.push(silenceAt('s-0', nowMs - 90_000_000, nowMs - 80_000_000, 'silence'))
  }
  const evaluator = (nowMs: number) => ({
    last_pass_ms: story === 'new' ? null : nowMs - (story === 'silent' ? 194_000 : 7_000),
    rules: 50,
    series: 212_480,
    errors: story === 'trouble' ? 1 : 0,
  })
  const alerts = (nowMs: number) =>
    (story === 'none' || story === 'new' ? [] : alertsAt(nowMs)).map((alert) => ({
      ...alert,
      ack: (alert.group === null ? undefined : acks.get(alert.group)) ?? alert.ack,
    }))

  async function answer(question: Question): Promise<{ readonly body: unknown } | null> {
    const { method, path, query, nowMs } = question
    const tried = await backtest(question)
    if (tried !== null) return tried
    seed(nowMs)
    if (path === 'alerts') return { body: nowAnswer(query, nowMs) }
    if (path === 'alerts/ack') {
      const { group, comment } = AckRequest.parse(await question.body())
      const ack = { group, comment, at_ms: nowMs, until_ms: nowMs + 14_400_000, who: 'lin' }
      acks.set(group, ack)
      return { body: ack }
    }
    if (path === 'alerts/history') return { body: history(query, nowMs) }
    if (path === 'alerts/rules')
      return {
        body: AlertRulesAnswer.parse({
          at_ms: nowMs,
          evaluator: evaluator(nowMs),
          rules: rulesAt(nowMs),
          simulated: true,
        }),
      }
    if (path === 'silences' || path.startsWith('silences/')) {
      if (method === 'POST') {
        const request = SilenceRequest.parse(await question.body())
        const id = `s-${silences.length + 1}`
        const made = SilenceItem.parse({
          ...request,
          from_ms: request.from_ms ?? nowMs,
          id,
          who: 'lin',
          quiet: 1,
        })
        silences = [made, ...silences]
        return { body: made }
      }
      if (method === 'DELETE') {
        const id = path.slice('silences/'.length)
        silences = silences.map((one) => (one.id === id ? { ...one, to_ms: nowMs } : one))
        return { body: silences.find((one) => one.id === id) }
      }
      return { body: SilencesAnswer.parse({ at_ms: nowMs, silences }) }
    }
    return path.startsWith('alerts/') ? detail(path.slice('alerts/'.length), nowMs) : null
  }

  function nowAnswer(query: URLSearchParams, nowMs: number): AlertsAnswer {
    const all = alerts(nowMs)
    const told = all.filter(
      ({ mode, state, suppressed }) =>
        mode === 'paging' && suppressed === undefined && (state === 'firing' || state === 'held'),
    )
    const open = Object.fromEntries(
      SEVERITIES.map((one) => [one, told.filter(({ severity }) => severity === one).length]),
    )
    const group = query.get('group')
    const shown = all.filter((alert) => group === null || alert.group === group)
    return AlertsAnswer.parse({
      at_ms: nowMs,
      evaluator: evaluator(nowMs),
      open,
      alerts: shown.slice(0, Number(query.get('limit') ?? 500)),
      more: 0,
      simulated: true,
    })
  }

  function history(query: URLSearchParams, nowMs: number): AlertHistoryAnswer {
    const [from_ms, to_ms] = [Number(query.get('from')), Number(query.get('to'))]
    const fired = story === 'none' || story === 'new' ? [] : historyAt(nowMs)
    return AlertHistoryAnswer.parse({
      from_ms,
      to_ms,
      known_from_ms: nowMs - 3 * 86_400_000,
      alerts: fired.filter(({ fired_ms }) => fired_ms !== null && fired_ms >= from_ms),
      more: 0,
      simulated: true,
    })
  }

  function detail(fingerprint: string, nowMs: number): { readonly body: unknown } | null {
    const alert = [...alerts(nowMs), ...historyAt(nowMs)].find(
      (one) => one.fingerprint === fingerprint,
    )
    if (alert === undefined) return null
    const rule = rulesAt(nowMs).find(({ name }) => name === alert.rule) ?? null
    const body = AlertDetail.parse({
      at_ms: nowMs,
      alert,
      rule,
      timeline: timelineAt(alert, nowMs),
      more: 0,
      values: rule?.lane === 'value' ? valuesAt(alert, nowMs) : [],
      simulated: true,
    })
    return { body }
  }
  return { answer }
}

const silenceAt = (
  id: string,
  from_ms: number,
  to_ms: number,
  kind: SilenceItem['kind'],
): SilenceItem => ({
  id,
  matchers: [
    { label: 'loop', value: 'h2-liquid', is_regex: false, is_equal: true },
    { label: 'rack', value: 'h2-r0[1-4]', is_regex: true, is_equal: true },
  ],
  from_ms,
  to_ms,
  kind,
  who: 'wang',
  comment: 'filter of cdu-6 is changed, agreed with training',
  quiet: to_ms > from_ms + 10_000_000 ? 1 : 0,
})
