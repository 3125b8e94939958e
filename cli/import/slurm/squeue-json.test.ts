import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allocationsOf } from './run.ts'
import { OPTIONS, sample, samplesAreHere, shortRows } from './slurm.testing.ts'
import { readSqueueJson } from './squeue-json.ts'

const START = 1_795_050_000
const YEAR_S = 31_536_000

/** A job in the shape of 22.05. */
const plain = (over: object = {}) => ({
  job_id: 7,
  array_job_id: 0,
  array_task_id: null,
  het_job_id: 0,
  het_job_offset: 0,
  job_state: 'RUNNING',
  start_time: START,
  end_time: START + YEAR_S,
  nodes: 'n[1-2]',
  gres_detail: ['gpu:2(IDX:0-1)', 'gpu:1(IDX:3)'],
  job_resources: { nodes: 'n[1-2]', allocated_nodes: [{ nodename: 'n1' }, { nodename: 'n2' }] },
  tres_alloc_str: 'cpu=2,gres/gpu=3,gres/gpu:h100=3',
  name: 'llm',
  account: 'tenant-a',
  partition: 'train',
  qos: 'normal',
  comment: '',
  ...over,
})
const set = (number: number) => ({ set: true, infinite: false, number })
const unset = { set: false, infinite: false, number: 0 }
/** The same job as 24.x writes it. */
const wrapped = (over: object = {}) =>
  plain({
    job_state: ['RUNNING'],
    array_job_id: set(0),
    array_task_id: unset,
    het_job_id: set(0),
    het_job_offset: set(0),
    start_time: set(START),
    end_time: set(START + YEAR_S),
    job_resources: {
      nodes: {
        count: 2,
        list: 'n[1-2]',
        allocation: [
          { index: 0, name: 'n1' },
          { index: 1, name: 'n2' },
        ],
      },
    },
    ...over,
  })
const read = (jobs: readonly unknown[], options = OPTIONS) =>
  readSqueueJson(JSON.stringify({ jobs, errors: [] }), options)
const AT = new Date(START * 1000).toISOString().slice(0, 19)
/** Jobs as the scheduler tells them, in short. */
const told = (jobs: readonly unknown[]) =>
  read(jobs).jobs.map((job) => [
    job.job,
    job.devices,
    job.started_ms,
    job.submitted_ms,
    job.limit_ms,
  ])
const messages = (jobs: readonly unknown[]) =>
  read(jobs).problems.examples.map(({ where, message }) => `${where}: ${message}`)

describe('a job that runs', () => {
  it.each([
    ['22.05', plain()],
    ['24.x', wrapped()],
    ['with a node list only', plain({ job_resources: { nodes: 'n[1-2]' } })],
  ])('of %s holds the devices of its own nodes, openly, whatever its planned end', (_, job) => {
    const looked = read([job])
    expect(shortRows(looked)).toEqual([`7 n1/0 ${AT}~`, `7 n1/1 ${AT}~`, `7 n2/3 ${AT}~`])
    expect(looked.problems).toEqual({ refused: 0, noted: 0, examples: [] })
    expect(looked.runs.flatMap(allocationsOf)[0]).toMatchObject({
      job: '7 llm',
      account: 'tenant-a',
      queue: 'train',
      source: 'slurm',
      confidence: 'derived',
    })
  })

  it.each([['SUSPENDED'], ['COMPLETING'], ['CONFIGURING'], [['COMPLETED', 'COMPLETING']]])(
    'or is %j still holds them',
    (state) => {
      const ends = { end_time: START + 60 }
      expect(read([plain({ job_state: state, ...ends })]).runs).toMatchObject([{ to_ms: null }])
    },
  )

  it('is named as people know it: array task, component of a heterogeneous job', () => {
    const array = plain({ array_job_id: 5, array_task_id: 3 })
    const het = wrapped({ job_id: 8, het_job_id: set(6), het_job_offset: set(1) })
    expect(read([array, het]).runs).toMatchObject([
      { holder: '7', job: '5_3 llm' },
      { holder: '8', job: '6+1 llm' },
    ])
  })

  it('of an array waits with as many tasks as its limit still lets run', () => {
    const pending = {
      job_state: 'PENDING',
      start_time: 0,
      tres_alloc_str: '',
      tres_req_str: 'gres/gpu=8',
      gres_detail: [],
      job_resources: null,
      nodes: '',
      array_job_id: 5,
      state_reason: 'Resources',
    }
    const rest = plain({ ...pending, job_id: 5, array_task_string: '4-99', array_max_tasks: 0 })
    const limited = { ...rest, array_task_string: '4-99%6', array_max_tasks: 6 }
    const begun = [1, 2].map((task) =>
      plain({ job_id: 20 + task, array_job_id: 5, array_task_id: task }),
    )
    const tasks = (jobs: readonly unknown[]) =>
      read(jobs).jobs.flatMap((job) => (job.started_ms === null ? job.tasks : []))
    expect(tasks([rest])).toEqual([96])
    expect(tasks([limited])).toEqual([6])
    expect(tasks([limited, ...begun])).toEqual([4])
    // A task that was requeued is listed by itself and takes its part of the limit.
    const again = plain({ ...pending, job_id: 31, array_task_id: 3, array_max_tasks: 3 })
    const three = { ...rest, array_task_string: '4-99%3', array_max_tasks: 3 }
    expect(tasks([again, three, ...begun])).toEqual([1])
    const newer = wrapped({
      ...pending,
      job_state: ['PENDING'],
      array_job_id: set(5),
      array_max_tasks: set(2),
    })
    expect(tasks([{ ...newer, array_task_string: '1-7:2' }])).toEqual([2])
  })

  it('is held by its cluster and id where the cluster is named', () => {
    expect(read([plain()], { ...OPTIONS, cluster: 'h1' }).runs).toMatchObject([{ holder: 'h1/7' }])
  })

  it('listed twice, as by partition, counts once', () => {
    expect(read([plain(), plain({ partition: 'infer' })]).runs).toHaveLength(1)
  })

  it('without accelerators is nothing to us', () => {
    expect(read([plain({ gres_detail: [], tres_alloc_str: 'cpu=2' })]).runs).toEqual([])
  })
})

describe('devices that Slurm does not name', () => {
  const na = plain({ gres_detail: ['gpu:2(IDX:N/A)', 'gpu:1(IDX:3)'] })

  it('are counted by node, told, and unresolved; the other node stays exact', () => {
    const looked = read([na])
    expect(shortRows(looked)).toEqual([`7 n1/* ${AT}~`, `7 n2/3 ${AT}~`])
    expect(looked.runs[0]?.held[0]).toMatchObject({ confidence: 'unresolved', share: null })
    expect(messages([na])).toEqual([expect.stringContaining('--devices-per-node')])
  })

  it('get their share of the node where its size is said; a whole node is not unresolved', () => {
    const options = { ...OPTIONS, devicesPerNode: 8 }
    expect(read([na], options).runs[0]?.held[0]).toMatchObject({ share: 0.25 })
    const whole = plain({ gres_detail: [], tres_alloc_str: 'gres/gpu=16' })
    expect(read([whole], options).runs[0]?.held).toEqual([
      { node: 'n1', indices: null, keys: [], share: null, confidence: 'node' },
      { node: 'n2', indices: null, keys: [], share: null, confidence: 'node' },
    ])
  })

  it('also where the list of GRES does not fit the list of nodes', () => {
    const looked = read([plain({ gres_detail: ['gpu:3(IDX:0-2)'] })])
    expect(shortRows(looked)).toEqual([`7 n1/* ${AT}~`, `7 n2/* ${AT}~`])
  })
})

describe('a job that waits or has ended', () => {
  it('waiting, with an expected start and the end that 22.05 makes of it, allocates nothing', () => {
    const waits = plain({
      job_state: 'PENDING',
      start_time: START + 1800,
      end_time: START + 1800 + 4_294_967_236,
    })
    expect(read([waits, wrapped({ job_id: 9, job_state: ['PENDING'] })])).toMatchObject({
      runs: [],
      waiting: 2,
    })
    expect(read([plain({ job_state: ['PENDING', 'REQUEUED'] })])).toMatchObject({ runs: [] })
  })

  it('ended, ends where it ended', () => {
    const ended = plain({ job_state: 'TIMEOUT', end_time: START + 60 })
    expect(read([ended]).runs).toMatchObject([{ to_ms: (START + 60) * 1000 }])
  })

  it.each([
    ['before it starts', plain({ job_state: 'FAILED', end_time: START - 1 }), 'before it starts'],
    ['at the false end', plain({ job_state: 'COMPLETED' }), 'no limit'],
    ['without an end', plain({ job_state: 'COMPLETED', end_time: 0 }), 'no end time'],
  ])('ended %s is refused and told', (_, job, message) => {
    expect(read([job]).runs).toEqual([])
    expect(messages([job])).toEqual([expect.stringMatching(`^job 7: .*${message}`)])
  })
})

describe('what cannot be read', () => {
  it('is told with its id, keeps what it held, and harms no other job', () => {
    const bad = [
      plain({ job_id: 1, job_state: 'DANCING' }),
      plain({ job_id: 2, start_time: null }),
      plain({ job_id: 3, gres_detail: ['gpu:2(IDX:0-1', ''] }),
      plain({ job_id: 4, job_resources: null, nodes: 'n[1-' }),
      plain({ job_id: 5, start_time: 'soon' }),
      { name: 'nameless' },
      null,
    ]
    const looked = read([...bad, plain()])
    expect(looked.runs.map(({ holder }) => holder)).toEqual(['7'])
    expect([...looked.unread]).toEqual(['1', '2', '3', '4', '5'])
    expect(looked.problems.refused).toBe(7)
  })

  it.each([
    ['{"jobs": [{"job_id":', 'cut short'],
    ['{}', 'no list "jobs"'],
    ['{"jobs": [], "errors": [{"error": "Unable to contact slurm controller"}]}', 'contact slurm'],
  ])('as a whole is no empty cluster: %s', (text, message) => {
    expect(() => readSqueueJson(text, OPTIONS)).toThrow(message)
  })

  it('any value in any field is read or refused, never thrown at the caller', () => {
    const value = fc.oneof(fc.jsonValue(), fc.constant(set(3)), fc.constant(unset))
    const field = fc.constantFrom(...Object.keys(plain()))
    fc.assert(
      fc.property(fc.array(fc.tuple(field, value)), (over) => {
        const looked = read([plain(Object.fromEntries(over)), plain({ job_id: 70 })])
        expect(looked.runs.map(({ holder }) => holder)).toContain('70')
      }),
    )
  })
})

describe.skipIf(!samplesAreHere)('samples (SKIPPED LOUDLY without ../shared)', () => {
  const devices = new Set(['gpu'])

  it('the capture of 22.05: CPU jobs only, two run and two wait', () => {
    const looked = readSqueueJson(sample('squeue-22.05.8.json'), OPTIONS)
    expect(looked).toMatchObject({ runs: [], waiting: 2, problems: { refused: 0 } })
  })

  it('23.02: twelve devices of 50101, an array task by node, a heterogeneous job that waits', () => {
    const options = { ...OPTIONS, accelerators: devices }
    const looked = readSqueueJson(sample('constructed-squeue-23.02-gpu.json'), options)
    const rows = looked.runs.flatMap(allocationsOf)
    const of = (node: string) => rows.flatMap((row) => (row.node === node ? [row.index] : []))
    expect(rows.filter(({ holder }) => holder === '50101')).toHaveLength(12)
    expect([of('a01n07'), of('a01n09')]).toEqual([
      [0, 1, 2, 3, 4, 5, 6, 7],
      [0, 1, 2, 6],
    ])
    expect(rows.at(-1)).toMatchObject({
      node: 'b02n001',
      index: null,
      job: '50200_3 serve-72b',
      confidence: 'unresolved',
      to_ms: null,
    })
    expect(looked.waiting).toBe(1)
  })

  it('24.05: states are lists, a completing job still holds its sixteen', () => {
    const looked = readSqueueJson(sample('constructed-squeue-24.05-gpu.json'), OPTIONS)
    const rows = looked.runs.flatMap(allocationsOf)
    expect(Map.groupBy(rows, ({ holder }) => holder).get('61002')).toHaveLength(16)
    expect(rows).toHaveLength(20)
    expect(rows.every(({ to_ms }) => to_ms === null)).toBe(true)
    expect(looked).toMatchObject({ waiting: 1, problems: { refused: 0, noted: 0 } })
  })
})

describe('what the scheduler says besides who holds what', () => {
  const asks = {
    job_state: ['PENDING'],
    start_time: set(START + 900),
    submit_time: set(START - 60),
    tres_alloc_str: '',
    tres_req_str: 'cpu=96,gres/gpu=512',
    job_resources: null,
  }
  it('a job that waits asks for devices since a moment and for a time; its start is a guess', () => {
    expect(told([wrapped({ ...asks, time_limit: set(1440) })])).toEqual([
      ['7 llm', 512, null, (START - 60) * 1000, 86_400_000],
    ])
  })
  it('a limit that is infinite, not set or 0 is none; devices that are held count before those asked for', () => {
    const infinite = { set: true, infinite: true, number: 0 }
    const runs = { submit_time: START, tres_req_str: 'gres/gpu=4' }
    for (const time_limit of [infinite, unset, null, 0])
      expect(told([plain({ ...runs, time_limit })])).toEqual([
        ['7 llm', 3, START * 1000, START * 1000, null],
      ])
  })
  it('a job that waits for more than room does not wait for room', () => {
    for (const reason of ['Dependency', 'JobHeldUser', 'BeginTime', 'QOSMaxGRESPerUser'])
      expect(told([wrapped({ ...asks, state_reason: reason })])).toEqual([])
    for (const reason of ['Resources', 'Priority', 'None'])
      expect(told([wrapped({ ...asks, state_reason: reason })])).toHaveLength(1)
  })
  it('jobs without accelerators and jobs that ended are not told', () => {
    expect(told([wrapped({ ...asks, tres_req_str: 'cpu=96' })])).toEqual([])
    expect(told([plain({ job_state: 'COMPLETED', end_time: START + 60 })])).toEqual([])
  })
})
