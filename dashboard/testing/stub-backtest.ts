import { BacktestRun, BacktestsAnswer, TrustAnswer, TrustRequest } from '#schemas/api-backtest.ts'

/** TEST ONLY. Backtests of a made-up fleet: one is done, one that is asked for is done at once. */

const DAY_MS = 86_400_000
const words = (en: string, zh: string) => ({ en, zh })

const resultAt = (toMs: number): BacktestRun['result'] => ({
  told: [
    {
      scope: 'fleet',
      severity: 'warn',
      from_ms: toMs - 3 * DAY_MS,
      to_ms: toMs - 2.9 * DAY_MS,
      lead_minutes: 25,
    },
    { scope: 'fleet', severity: 'page', from_ms: toMs - DAY_MS, to_ms: null, lead_minutes: null },
  ],
  more: 3,
  judged: 0.982,
  looks_ahead: true,
  came: 2,
  missed: 1,
  pages: 1,
  warnings: 4,
  pages_per_week: 0.2,
  false_pages_per_week: 0.2,
  precision: 0.75,
  median_lead_minutes: 25,
  shortfalls: [{ kind: 'precision', value: 0.75, bar: 0.8 }],
  acceptance: 'Backtest of forecast_zone.',
})

export function backtestStub() {
  let trust: 'observing' | 'paging' = 'observing'
  let idle: 'observing' | 'paging' = 'observing'
  let runs: BacktestRun[] = []
  const run = (id: string, rule: string, toMs: number): BacktestRun =>
    BacktestRun.parse({
      id,
      rule,
      from_ms: toMs - 30 * DAY_MS,
      to_ms: toMs,
      scope: null,
      state: 'done',
      progress: 1,
      who: 'lin',
      started_ms: toMs,
      ended_ms: toMs,
      error: null,
      result: resultAt(toMs),
    })
  /** Null = not about backtests. */
  return async (question: {
    readonly method: string
    readonly path: string
    readonly query: URLSearchParams
    readonly body: () => Promise<unknown>
    readonly nowMs: number
  }): Promise<{ readonly body: unknown } | null> => {
    const { path, method, query, nowMs } = question
    if (path === 'alerts/trust') {
      const asked = TrustRequest.parse(await question.body())
      if ('accept_observed' in asked) {
        idle = 'paging'
        return { body: TrustAnswer.parse({ rule: asked.accept_observed, trust: idle }) }
      }
      trust = 'accept' in asked ? 'paging' : 'observing'
      return { body: TrustAnswer.parse({ rule: 'forecast_zone', trust }) }
    }
    if (path !== 'alerts/backtest') return null
    if (runs.length === 0) runs = [run('b1', 'forecast_zone', nowMs)]
    if (method === 'POST') {
      const made = run(`b${runs.length + 1}`, query.get('rule') ?? '', nowMs)
      runs = [made, ...runs]
      return { body: made }
    }
    const rules = [
      {
        name: 'forecast_zone',
        title: words('Utilization will fall', '利用率将下降'),
        trust,
        begins: 'observing',
        gap: null,
        observed: null,
      },
      {
        name: 'mass_idle',
        title: words('Many devices went idle', '大量设备转闲'),
        trust: idle,
        begins: 'observing',
        gap: words('it compares every device with itself', '它比较每张卡自身'),
        observed:
          idle === 'paging'
            ? null
            : {
                since_ms: nowMs - 8 * DAY_MS,
                enough_ms: nowMs - DAY_MS,
                would_have_paged: 2,
              },
      },
    ]
    const known = { known_from_ms: nowMs - 60 * DAY_MS, known_to_ms: nowMs }
    return { body: BacktestsAnswer.parse({ at_ms: nowMs, rules, runs, ...known, simulated: true }) }
  }
}
