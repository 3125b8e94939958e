import { describe, expect, it } from 'vitest'
import { JournalBody } from '#schemas/journal.ts'
import { planSlurm, type SlurmImport, SlurmState } from './import.ts'
import { OPTIONS } from './slurm.testing.ts'

const T0 = 1_795_050_000

interface JobWords {
  readonly start?: number
  readonly state?: string
  readonly end?: number
  readonly gres?: string
}
const jobJson = (id: number, { start = 0, state = 'RUNNING', end = 0, gres }: JobWords = {}) => ({
  job_id: id,
  job_state: state,
  start_time: T0 + start,
  end_time: end === 0 ? 0 : T0 + end,
  nodes: 'n1',
  gres_detail: [gres ?? 'gpu:2(IDX:0-1)'],
  account: 'tenant-a',
})
const squeue = (...jobs: readonly object[]) => JSON.stringify({ jobs, errors: [] })
const sacct = (...rows: readonly string[]) =>
  ['JobIDRaw|State|Start|End|ElapsedRaw|NodeList|AllocTRES', ...rows].join('\n')

const given: SlurmImport = {
  format: 'squeue-json',
  text: squeue(),
  options: { ...OPTIONS, cluster: 'h1', devicesPerNode: 8 },
  coverage: 'all',
  nodes: [],
  state: 'new',
  nowMs: (T0 + 60) * 1000,
  importId: 'test',
}
const plan = (over: Partial<SlurmImport>) => planSlurm({ ...given, ...over })
const bodiesOf = (over: Partial<SlurmImport>) => {
  const { bodies, state } = plan(over)
  for (const body of bodies) JournalBody.parse(body)
  if (state !== null) SlurmState.parse(state)
  const allocations = bodies.flatMap((body) =>
    body.kind === 'allocations' ? body.allocations : [],
  )
  const scopes = bodies.flatMap((body) => (body.kind === 'allocations' ? body.scopes : []))
  const second = (ms: number | null) => (ms === null ? '' : String(ms / 1000 - T0))
  return {
    state: state ?? ('new' as const),
    rows: allocations.map(
      ({ holder, index, from_ms, to_ms }) =>
        `${holder} ${index ?? '*'} ${second(from_ms)}-${second(to_ms)}`,
    ),
    scopes: scopes.map(
      ({ cluster, node, from_ms, to_ms }) =>
        `${cluster}/${node} ${second(from_ms)}-${second(to_ms)}`,
    ),
  }
}

describe('looks at all jobs, one after another', () => {
  it('the first opens jobs and the scope, the second writes what changed, accounting closes', () => {
    const first = bodiesOf({ text: squeue(jobJson(1), jobJson(2, { gres: 'gpu:1(IDX:5)' })) })
    expect(first.rows).toEqual(['h1/1 0 0-', 'h1/1 1 0-', 'h1/2 5 0-'])
    expect(first.scopes).toEqual(['h1/ 60-'])
    const same = { text: squeue(jobJson(1), jobJson(2, { gres: 'gpu:1(IDX:5)' })) }
    const again = bodiesOf({ ...same, state: first.state, nowMs: (T0 + 90) * 1000 })
    expect([again.rows, again.scopes]).toEqual([[], []])
    const second = bodiesOf({
      text: squeue(jobJson(1)),
      state: again.state,
      nowMs: (T0 + 120) * 1000,
    })
    expect([second.rows, second.scopes]).toEqual([['h1/2 5 0-120'], []])
    const closed = bodiesOf({
      format: 'sacct',
      text: sacct(`2|COMPLETED|${T0}|${T0 + 101}|101|n1|gres/gpu=1`),
      state: second.state,
      nowMs: (T0 + 150) * 1000,
    })
    expect([closed.rows, closed.scopes]).toEqual([['h1/2 5 0-101'], []])
  })

  it('nodes that are named, and leave, have scopes of their own', () => {
    const first = bodiesOf({ nodes: ['n1', 'n2'] })
    expect(first.scopes).toEqual(['h1/n1 60-', 'h1/n2 60-'])
    const second = bodiesOf({ nodes: ['n2'], state: first.state, nowMs: (T0 + 90) * 1000 })
    expect(second.scopes).toEqual(['h1/n1 60-90'])
  })

  it('a state of another cluster is refused', () => {
    const { state } = bodiesOf({})
    const options = { ...given.options, cluster: 'h2' }
    expect(() => plan({ state, options })).toThrow('state file is that of cluster h1')
  })

  it('books of another zone are refused whole', () => {
    const { state } = bodiesOf({ text: squeue(jobJson(1)) })
    const text = sacct(`1|COMPLETED|${T0 + 28_800}|${T0 + 28_900}|100|n1|gres/gpu=2`)
    expect(() => plan({ format: 'sacct', text, state })).toThrow(/8 h after .*--timezone/)
  })
})

describe('hooks of one job', () => {
  it('open and end their job, leave the others alone, and a late look does not reopen it', () => {
    const first = bodiesOf({ text: squeue(jobJson(1)) })
    const hook = { nowMs: (T0 + 90) * 1000, text: squeue(jobJson(2, { start: 80 })) }
    const started = bodiesOf({ ...hook, coverage: 'job-started', state: first.state })
    expect([started.rows, started.scopes]).toEqual([['h1/2 0 80-', 'h1/2 1 80-'], []])
    const completing = squeue(jobJson(2, { start: 80, state: 'COMPLETING' }))
    const ended = bodiesOf({
      text: completing,
      coverage: 'job-ended',
      state: started.state,
      nowMs: (T0 + 100) * 1000,
    })
    expect(ended.rows).toEqual(['h1/2 0 80-100', 'h1/2 1 80-100'])
    const look = squeue(jobJson(1), jobJson(2, { start: 80, state: 'COMPLETING' }))
    const late = bodiesOf({ text: look, state: ended.state, nowMs: (T0 + 110) * 1000 })
    expect(late.rows).toEqual([])
  })

  it('without a state they write what they see', () => {
    const one = { text: squeue(jobJson(1)), state: null }
    expect(bodiesOf(one).rows).toEqual(['h1/1 0 0-', 'h1/1 1 0-'])
    expect(bodiesOf({ ...one, coverage: 'job-ended' }).rows).toEqual(['h1/1 0 0-60', 'h1/1 1 0-60'])
  })
})
