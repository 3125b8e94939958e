import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readSacct } from './sacct.ts'
import { OPTIONS, sample, samplesAreHere, shortRows } from './slurm.testing.ts'

const HEADER = 'JobIDRaw|JobID|Account|State|Start|End|ElapsedRaw|NodeList|AllocTRES'
const row = (over: Readonly<Record<string, string>> = {}) =>
  Object.values({
    id: '7',
    shown: '7',
    account: 'tenant-a',
    state: 'COMPLETED',
    start: '2026-11-18T10:00:00',
    end: '2026-11-18T11:00:00',
    elapsed: '3600',
    nodes: 'n[1-2]',
    tres: 'cpu=2,gres/gpu:h100=8,gres/gpu=8',
    ...over,
  }).join('|')
const read = (rows: readonly string[], options = OPTIONS) =>
  readSacct([HEADER, ...rows, ''].join('\n'), options)
const berlin = { ...OPTIONS, timeZone: 'Europe/Berlin' }

describe('sacct -P', () => {
  it('a job that ended is an interval of its nodes, with its part of each', () => {
    const looked = read([row()], { ...OPTIONS, devicesPerNode: 8 })
    expect(shortRows(looked)).toEqual([
      '7 n1/* 2026-11-18T02:00:00~2026-11-18T03:00:00',
      '7 n2/* 2026-11-18T02:00:00~2026-11-18T03:00:00',
    ])
    expect(looked.runs[0]?.held).toMatchObject([{ share: 0.5 }, { share: 0.5 }])
  })

  it('steps repeat their job and are skipped', () => {
    expect(read([row({ id: '7.batch' }), row({ id: '7.0' })]).runs).toEqual([])
  })

  it('the state may carry words, and a requeued row is a run that is over', () => {
    const looked = read([
      row({ state: 'CANCELLED by 20002' }),
      row({ id: '8', state: 'REQUEUED', end: '2026-11-18T10:30:00' }),
      row({ id: '8', start: '2026-11-18T10:40:00', end: 'Unknown', state: 'RUNNING' }),
    ])
    expect(looked.runs.map(({ holder, to_ms }) => [holder, to_ms === null])).toEqual([
      ['7', false],
      ['8', false],
      ['8', true],
    ])
  })

  it('a job that never ran holds nothing', () => {
    const never = { start: 'Unknown', end: 'Unknown', nodes: 'None assigned', tres: '' }
    const cancelled = { ...never, end: '2026-11-18T11:00:00', state: 'CANCELLED by 1' }
    const looked = read([row({ ...never, state: 'PENDING' }), row({ id: '8', ...cancelled })])
    expect(looked).toMatchObject({ runs: [], waiting: 2, problems: { refused: 0 } })
  })

  it('epoch seconds need no zone, local times do', () => {
    const epoch = row({ start: '1795050000', end: '1795053600' })
    const looked = read([epoch, row({ id: '8' })], { ...OPTIONS, timeZone: null })
    expect(looked.runs).toMatchObject([{ holder: '7', to_ms: 1_795_053_600_000 }])
    expect(looked.problems.examples[0]).toMatchObject({ where: 'job 8' })
    expect(looked.problems.examples[0]?.message).toContain('--timezone')
  })

  it('the hour that clocks show twice is read by the elapsed seconds, else refused', () => {
    // Berlin: 2026-10-25 03:00 CEST became 02:00 CET.
    const times = { start: '2026-10-25T02:30:00', end: '2026-10-25T04:00:00' }
    const rows = [
      row({ ...times, elapsed: '9000' }),
      row({ id: '8', ...times, elapsed: '5400' }),
      row({ id: '9', start: '2026-10-25T01:30:00', end: '2026-10-25T02:30:00', elapsed: '7200' }),
      row({ id: '10', start: '2026-10-25T02:10:00', end: '2026-10-25T02:30:00', elapsed: '1200' }),
    ]
    const looked = read(rows, berlin)
    expect(shortRows(looked).filter((one) => one.includes('n1'))).toEqual([
      '7 n1/* 2026-10-25T00:30:00~2026-10-25T03:00:00',
      '8 n1/* 2026-10-25T01:30:00~2026-10-25T03:00:00',
      '9 n1/* 2026-10-24T23:30:00~2026-10-25T01:30:00',
    ])
    expect(looked.problems.examples[0]).toMatchObject({ where: 'job 10' })
    expect(looked.problems.examples[0]?.message).toContain('twice')
  })

  it.each([
    ['ends before it starts', row({ end: '2026-11-18T09:00:00' }), 'before it starts'],
    ['has too many columns', `${row()}|x`, 'number of columns'],
    ['has an unknown state', row({ state: 'DANCING' }), 'not known'],
    ['has ended without an end', row({ end: 'Unknown' }), 'no end time'],
    ['has a broken node list', row({ nodes: 'n[1-' }), 'node list'],
    ['has a broken time', row({ start: 'yesterday' }), 'cannot be read as a date'],
    ['has no number for an id', row({ id: 'abc' }), 'no number'],
  ])('a row that %s is refused alone', (_, bad, message) => {
    const looked = read([bad, row({ id: '8' })])
    expect(looked.runs.map(({ holder }) => holder)).toEqual(['8'])
    expect(looked.problems).toMatchObject({ refused: 1 })
    expect(looked.problems.examples[0]?.message).toContain(message)
  })

  it('a name that holds the divider is read where it stands last', () => {
    const text = `${HEADER}|JobName\n${row()}|a|b\n`
    expect(readSacct(text, OPTIONS).runs).toMatchObject([{ job: '7 a|b' }])
  })

  it('a header without what is needed is refused with the command to run', () => {
    expect(() => readSacct('JobID|State\n', OPTIONS)).toThrow(/lacks JobIDRaw.*sacct -a/)
    expect(() => readSacct('', OPTIONS)).toThrow('lacks')
  })

  it('any text in any column is read or refused', () => {
    const cell = fc.string({
      unit: fc.constantFrom('1', '[', '-', ':', 'T', '=', 'gres/gpu', ',', ' '),
    })
    fc.assert(
      fc.property(fc.array(cell, { minLength: 9, maxLength: 9 }), (cells) => {
        const looked = read([cells.join('|'), row()])
        expect(looked.runs.map(({ holder }) => holder)).toContain('7')
      }),
    )
  })
})

describe.skipIf(!samplesAreHere)('the sample (SKIPPED LOUDLY without ../shared)', () => {
  it('50001 is 16 devices for two hours, not 40; a pending job is none', () => {
    const options = { ...OPTIONS, devicesPerNode: 8 }
    const looked = readSacct(sample('constructed-sacct.txt'), options)
    const hours = looked.runs.flatMap(({ holder, from_ms, to_ms, held }) =>
      held.map(({ share }) => [holder, (((to_ms ?? 0) - from_ms) / 3.6e6) * 8 * (share ?? 1)]),
    )
    expect(hours).toEqual([
      ['50001', 16],
      ['50001', 16],
      ['50002', 1],
    ])
    expect(looked).toMatchObject({ waiting: 1, problems: { refused: 0 } })
  })
})
