import type { ReportAnswers } from '#schemas/report/facts.ts'
import type { JudgedAction, ReportAction } from '#schemas/report/model.ts'
import { costOf } from './actions.ts'
import { figure } from './round.ts'
import { inBoth, said } from './words.ts'

const DONE_FROM = 0.8
const PARTLY_FROM = 0.2

/**
 * Last period's actions by the figure they were promised in: what each cost then less what it costs now. A part of a
 * period is not held against a whole one: `shareOfPeriod` is how much of it has passed.
 */
export function judged(
  actions: readonly ReportAction[],
  answers: ReportAnswers,
  shareOfPeriod: number,
): JudgedAction[] {
  return actions.map((action) => {
    const now = costOf(answers, action)
    const before = action.cost.exact
    const returned = now === null || before === null ? null : before * shareOfPeriod - now
    const promised = (action.promised.exact ?? 0) * shareOfPeriod
    const figures = { promised: action.promised, returned: figure('usd', returned) }
    return {
      ...action,
      state: stateOf(returned, promised),
      returned: figures.returned,
      result: inBoth((language) =>
        language === 'en'
          ? `promised ${said(figures.promised, 'en')}, returned ${said(figures.returned, 'en')}`
          : `承诺 ${said(figures.promised, 'zh')}，收回 ${said(figures.returned, 'zh')}`,
      ),
    }
  })
}

function stateOf(returned: number | null, promised: number): JudgedAction['state'] {
  if (returned === null) return 'not_known'
  if (returned < 0) return 'worse'
  if (returned >= DONE_FROM * promised) return 'done'
  return returned >= PARTLY_FROM * promised ? 'partly' : 'open'
}
