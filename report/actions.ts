import type { ReportAnswers } from '#schemas/report/facts.ts'
import type { ReportWords } from '#schemas/report/figure.ts'
import type { ReportAction } from '#schemas/report/model.ts'
import { figure } from './round.ts'
import { both, inBoth, said } from './words.ts'

/** The three things that would bring most, each with who does it; and what each costs in any period, to judge it by. */

const ACTIONS = 3
/** What an action promises of what it costs: all of a loss never comes back in a week. */
const PROMISED_SHARE = 0.5
/** Below this a week nothing is worth a line on the first page, dollars. */
const WORTH_USD = 100
const DAYS_TO_DO = 7
const DAY_MS = 86_400_000

type Kind = ReportAction['kind']
type Measure = (answers: ReportAnswers, subject: string) => number | null

/** What an action's subject costs in a period, dollars; null = not known. */
const COSTS: Readonly<Record<Kind, Measure>> = {
  idle_tenant: (answers, tenant) => idleOf(answers, 'tenant', tenant),
  idle_job: (answers, job) => idleOf(answers, 'job', job),
  failed: ({ fleet }) => fleet.loss.by_state.failed.usd,
  drained: ({ fleet }) => fleet.loss.by_state.drained.usd,
  unsold: ({ fleet }) => fleet.loss.unallocated.unsold.usd,
  throttled: ({ fleet }) => fleet.loss.by_state.throttled.usd,
  coverage: () => null,
}

function idleOf({ jobs }: ReportAnswers, field: 'tenant' | 'job', name: string): number | null {
  const own = jobs.filter(({ key }) => key[field] === name)
  // One that holds nothing any more costs nothing any more.
  if (own.length === 0) return jobs.length === 0 ? null : 0
  return own.reduce<number | null>((sum, { by_state }) => {
    const { usd } = by_state.idle_held
    return sum === null || usd === null ? null : sum + usd
  }, 0)
}

export const costOf = (answers: ReportAnswers, action: Pick<ReportAction, 'kind' | 'subject'>) =>
  COSTS[action.kind](answers, action.subject)

interface Candidate {
  readonly kind: Kind
  readonly subject: string
  readonly name: string
  readonly owner: ReportWords
  readonly words: ReportWords
}

/** The three that cost most; a tenant and a job of it are one matter. */
export function actionsOf(answers: ReportAnswers, dateOf: (ms: number) => string): ReportAction[] {
  const due = dateOf(answers.window.toMs + DAYS_TO_DO * DAY_MS)
  return candidates(answers)
    .map((candidate) => ({ candidate, usd: costOf(answers, candidate) ?? 0 }))
    .filter(({ usd }) => usd >= WORTH_USD)
    .toSorted((a, b) => b.usd - a.usd || (a.candidate.subject < b.candidate.subject ? -1 : 1))
    .slice(0, ACTIONS)
    .map(({ candidate: { kind, subject, owner, words }, usd }) => ({
      id: idOf(kind, subject),
      kind,
      subject,
      owner,
      words: inBoth((language) => withCost(words[language], usd, language)),
      due,
      cost: figure('usd', usd),
      promised: figure('usd', usd * PROMISED_SHARE),
    }))
}

const withCost = (words: string, usd: number, language: 'en' | 'zh') => {
  const cost = said(figure('usd', usd), language)
  return language === 'en' ? `${words}: cost ${cost}` : `${words}：本期 ${cost}`
}

/** Subjects are names of people's choice; ids are not. */
function idOf(kind: Kind, subject: string): string {
  const plain = subject
    .toLowerCase()
    .replaceAll(/[^0-9a-z]+/g, '-')
    .replaceAll(/^-|-$/g, '')
  return `${kind.replaceAll('_', '-')}-${plain || 'site'}`.slice(0, 64)
}

const OPERATIONS = both('Operations', '运维')
const SALES = both('Sales', '销售')

function candidates({ owners, jobs }: ReportAnswers): Candidate[] {
  const site = { subject: 'site', name: '' }
  const tenants = owners.map(({ tenant, display_name, contact }): Candidate => {
    const name = display_name || tenant
    return {
      kind: 'idle_tenant',
      subject: tenant,
      name,
      owner: contact === '' ? both(name, name) : both(contact, contact),
      words: both(`${name}: give back what is held and idle`, `${name}：归还占而未用的设备`),
    }
  })
  const named = new Set(owners.map(({ tenant }) => tenant))
  const orphans = jobs
    .filter(({ key }) => (key['job'] ?? '') !== '' && !named.has(key['tenant'] ?? ''))
    .map(({ key }): Candidate => {
      const job = key['job'] ?? ''
      return {
        kind: 'idle_job',
        subject: job,
        name: job,
        owner: OPERATIONS,
        words: both(`Job ${job}: end it or use what it holds`, `作业 ${job}：结束或用起来`),
      }
    })
  return [
    ...tenants,
    ...orphans,
    {
      ...site,
      kind: 'failed',
      owner: OPERATIONS,
      words: both('Repair or replace failed devices', '维修或更换故障设备'),
    },
    {
      ...site,
      kind: 'drained',
      owner: OPERATIONS,
      words: both('Bring drained devices back', '恢复已下线设备'),
    },
    {
      ...site,
      kind: 'unsold',
      owner: SALES,
      words: both('Sell or schedule what nobody holds', '出售或调度无人占用的设备'),
    },
    {
      ...site,
      kind: 'throttled',
      owner: OPERATIONS,
      words: both('Remove what throttles devices', '消除降频原因'),
    },
  ]
}
