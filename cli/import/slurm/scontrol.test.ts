import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readScontrol } from './scontrol.ts'
import { OPTIONS, sample, samplesAreHere, shortRows } from './slurm.testing.ts'

interface Words {
  readonly name?: string
  readonly state?: string
  readonly comment?: string
  readonly end?: string
  readonly nodes?: readonly string[]
}

/** A job as `scontrol show job -d` of 22.05 prints it, in few lines. */
function block({ name = 'llm', state = 'RUNNING', comment, end, nodes }: Words = {}): string {
  const lines = [
    `JobId=7 ArrayJobId=5 ArrayTaskId=3 JobName=${name}`,
    'UserId=user1(1) GroupId=hpc(2) MCS_label=N/A',
    'Priority=1 Nice=0 Account=tenant-a QOS=normal',
    `JobState=${state} Reason=None Dependency=(null)`,
    'RunTime=00:00:03 TimeLimit=UNLIMITED TimeMin=N/A',
    'SubmitTime=2026-11-18T09:00:00 EligibleTime=2026-11-18T09:00:00',
    `StartTime=2026-11-18T10:00:00 EndTime=${end ?? 'Unknown'} Deadline=N/A`,
    'Partition=train AllocNode:Sid=login:1',
    'NodeList=n[1-3] SchedNodeList=n[1-9]',
    'TRES=cpu=6,node=3,gres/gpu=5,gres/gpu:h100=5',
    'JOB_GRES=gpu:h100:5',
    ...(nodes ?? [
      '  Nodes=n[1-2] CPU_IDs=0-1 Mem=0 GRES=gpu:h100:2(IDX:0-1)',
      '  Nodes=n3 CPU_IDs=0 Mem=0 GRES=gpu:h100:1(IDX:7),mps:0',
    ]),
    ...(comment === undefined ? [] : [`Comment=${comment}`]),
    'WorkDir=/home/user1',
  ]
  return lines.map((line, at) => (at === 0 ? line : `   ${line}`)).join('\n') + '\n\n'
}
const oneLine = (words: Words = {}) =>
  block(words)
    .trim()
    .split('\n')
    .map((line) => line.trim())
    .join(' ') + '\n'
const read = (text: string) => readScontrol(text, OPTIONS)
const ROWS = ['7 n1/0', '7 n1/1', '7 n2/0', '7 n2/1', '7 n3/7'].map(
  (row) => `${row} 2026-11-18T02:00:00~`,
)

describe('scontrol show job -d', () => {
  it.each([
    ['in lines', block()],
    ['with -o', oneLine()],
  ])('%s: folded nodes are unfolded, times are local to the controller', (_, text) => {
    const looked = read(text)
    expect(shortRows(looked)).toEqual(ROWS)
    expect(looked.runs[0]).toMatchObject({ job: '5_3 llm', account: 'tenant-a', queue: 'train' })
    expect(looked.problems.refused).toBe(0)
  })

  it('the planned end of a running job is no end', () => {
    expect(read(block({ end: '2027-11-18T10:00:00' })).runs).toMatchObject([{ to_ms: null }])
  })

  it('a job that ended ends; one that waits holds nothing', () => {
    const ended = block({ state: 'COMPLETED', end: '2026-11-18T10:01:00' })
    expect(read(ended).runs).toMatchObject([{ to_ms: Date.parse('2026-11-18T02:01:00Z') }])
    expect(read(block({ state: 'PENDING' }))).toMatchObject({ runs: [], waiting: 1 })
  })

  it('without -d it names no devices: by node', () => {
    expect(shortRows(read(block({ nodes: [] }).replace('JOB_GRES', 'Other')))).toEqual(
      ['7 n1/*', '7 n2/*', '7 n3/*'].map((row) => `${row} 2026-11-18T02:00:00~`),
    )
  })

  it('no job at all is a quiet cluster; another text is refused', () => {
    expect(read('No jobs in the system\n').runs).toEqual([])
    expect(() => read('slurm_load_jobs error: Unable to contact')).toThrow('JobId=')
  })

  it('times without a zone are refused where none is given', () => {
    const looked = readScontrol(block(), { ...OPTIONS, timeZone: null })
    expect(looked.problems.examples[0]?.message).toContain('--timezone')
    expect([...looked.unread]).toEqual(['7'])
  })
})

describe('what the scheduler says besides who holds what', () => {
  const told = (text: string) =>
    read(text).jobs.map((job) => [
      job.devices,
      job.started_ms !== null,
      job.submitted_ms,
      job.limit_ms,
    ])
  const SUBMITTED = Date.UTC(2026, 10, 18, 1)

  it('a running job has its limit, or none', () => {
    expect(told(block())).toEqual([[expect.any(Number), true, SUBMITTED, null]])
    expect(told(block().replace('TimeLimit=UNLIMITED', 'TimeLimit=1-12:30:00'))).toEqual([
      [expect.any(Number), true, SUBMITTED, 36.5 * 3_600_000],
    ])
  })

  it('a job that waits for room is told, one that is held is not', () => {
    const waits = (reason: string) =>
      told(block().replace(/JobState=\S+ Reason=\S+/, `JobState=PENDING Reason=${reason}`))
    expect(waits('Resources')).toEqual([[expect.any(Number), false, SUBMITTED, null]])
    expect(waits('Dependency')).toEqual([])
  })
})

describe('texts that users choose', () => {
  const forged = 'x JobState=PENDING UserId=root(0) NodeList=n9 Account=tenant-b'

  it('in lines a name or comment changes nothing but itself', () => {
    for (const words of [{ name: forged }, { comment: forged }])
      expect(shortRows(read(block(words)))).toEqual(ROWS)
  })

  it('on one line a forged key is refused by name, never believed', () => {
    for (const words of [{ name: forged }, { comment: forged }]) {
      const looked = read(oneLine(words))
      expect([looked.runs, [...looked.unread]]).toEqual([[], ['7']])
      expect(looked.problems.examples[0]?.message).toContain('stands in it twice')
    }
  })

  it('whatever the name, the job is never another one and never waits', () => {
    const unit = fc.constantFrom(
      ' ',
      'JobState=',
      'PENDING',
      'JobId=9',
      'Account=b',
      'UserId=',
      'x',
    )
    fc.assert(
      fc.property(fc.string({ unit }), fc.boolean(), (name, isOneLine) => {
        const looked = read(isOneLine ? oneLine({ name }) : block({ name }))
        expect(looked.waiting).toBe(0)
        expect([...looked.unread, ...looked.runs.map(({ holder }) => holder)]).toEqual(['7'])
        for (const { account } of looked.runs) expect(account).toBe('tenant-a')
      }),
    )
  })
})

describe.skipIf(!samplesAreHere)('samples (SKIPPED LOUDLY without ../shared)', () => {
  it('the capture of 22.05: CPU jobs only, two run and two wait', () => {
    const looked = read(sample('scontrol-show-job-d-22.05.8.txt'))
    expect(looked).toMatchObject({ runs: [], waiting: 2, problems: { refused: 0 } })
  })

  it('36 devices on five nodes, although TRES lists them twice', () => {
    const looked = read(sample('constructed-scontrol-show-job-d-gpu.txt'))
    const rows = shortRows(looked).map((row) => row.split(' ')[1] ?? '')
    expect(rows).toHaveLength(36)
    expect([...new Set(rows.map((row) => row.split('/')[0]))]).toEqual([
      'a01n003',
      'a01n004',
      'a01n007',
      'a02n01',
      'a02n02',
    ])
    expect(rows.slice(-4)).toEqual(['a02n02/1', 'a02n02/3', 'a02n02/5', 'a02n02/6'])
  })
})
