import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAllocationsCsv } from './allocations-csv.ts'
import { readContractsCsv } from './contracts-csv.ts'
import { type Claim, overlapsOf } from './overlaps.ts'
import type { ProblemReport } from './problems.ts'
import { readStatesCsv } from './states-csv.ts'

const ZONE = 'Asia/Shanghai'
const allocations = (text: string, shared = false) =>
  readAllocationsCsv(text, { timeZone: ZONE, shared })
const told = ({ examples }: ProblemReport) =>
  examples.map(({ where, message }) => `${where}: ${message}`)

describe('allocations.csv', () => {
  it('reads devices by key, by index and by node, under the names that sites use', () => {
    const text = `Device Key,Host,GPU index,Job ID,Job Name,Customer,Start,End,Share,Billing,Class
uuid:GPU-11111111-2222-3333-4444-555555555555,,,j1,llm,acme,2026-05-01,2026-05-02,,paid,Training
,n1,3,j2,,acme,2026-05-01 08:00,,0.5,,
,n2,,j3,,acme,2026-05-01T00:00Z,,,free,serving
`
    const { allocations: rows, problems } = allocations(text)
    expect(problems).toEqual({ refused: 0, noted: 0, examples: [] })
    expect(rows).toMatchObject([
      {
        key: 'uuid:GPU-11111111-2222-3333-4444-555555555555',
        holder: 'j1',
        job: 'llm',
        tenant: 'acme',
        class: 'training',
        billing: 'paid',
        source: 'csv',
        confidence: 'exact',
        from_ms: Date.parse('2026-04-30T16:00Z'),
        to_ms: Date.parse('2026-05-01T16:00Z'),
      },
      { node: 'n1', index: 3, holder: 'j2', job: 'j2', share: 0.5, to_ms: null },
      { node: 'n2', index: null, confidence: 'node', billing: 'free' },
    ])
  })

  it.each([
    ['n1,0,,2026-05-01,,', 'names no holder'],
    [',,j,2026-05-01,,', 'names no device'],
    ['n1,0,j,,,', 'from is empty'],
    ['n1,0,j,2026-05-02,2026-05-01,', 'ends before it begins'],
    ['n1,0,j,05/01/2026,,', 'which number is the month'],
    ['n1,0,j,2026-05-01,,1.5', 'share "1.5": give a number'],
    ['n1,0,j,2026-05-01,,"0,5"', 'share "0,5": give a number'],
    ['n1,x,j,2026-05-01,,', 'index "x"'],
  ])('the row %j is refused alone: %s', (row, message) => {
    const text = `node,index,job,from,to,share\n${row}\nn9,0,good,2026-05-01,,\n`
    const { allocations: rows, problems } = allocations(text)
    expect(rows.map(({ holder }) => holder)).toEqual(['good'])
    expect(told(problems)).toEqual([expect.stringMatching(/^line 2: /)])
    expect(told(problems)[0]).toContain(message)
  })

  it('unknown columns are named and left alone; two of one meaning refuse the file', () => {
    const odd = allocations('node,job,from,colour\nn1,j,2026-05-01,red\n')
    expect(odd.allocations).toHaveLength(1)
    expect(told(odd.problems)).toEqual([expect.stringContaining('the column "colour" is not read')])
    const twice = allocations('node,host,job,from\nn1,n1,j,2026-05-01\n')
    expect(twice.allocations).toEqual([])
    expect(told(twice.problems)[0]).toContain('"node" and "host" mean the same')
  })

  it('two holders at one time are refused with both lines, unless shares or --shared say so', () => {
    const text = `node,index,job,from,to,share
n1,0,a,2026-05-01,2026-05-03,
n1,0,b,2026-05-02,2026-05-04,
n1,0,c,2026-05-03,,
n1,1,d,2026-05-01,,0.5
n1,1,e,2026-05-01,,0.5
n1,1,f,2026-05-01,,0.5
n1,,g,2026-04-01,2026-05-01,
`
    const { allocations: rows, problems } = allocations(text)
    expect(rows.map(({ holder }) => holder).join('')).toBe('acdeg')
    expect(told(problems)).toEqual([
      expect.stringMatching(/^line 3: is held twice.*n1\/0, lines 2 and 3/),
      expect.stringMatching(/^line 7: is shared out to more than the whole/),
    ])
    expect(allocations(text, true).allocations).toHaveLength(7)
  })

  it('the same interval twice is refused, also with --shared', () => {
    const text = 'node,job,from\nn1,j,2026-05-01\nn1,j,2026-05-01\n'
    expect(told(allocations(text, true).problems)).toEqual([
      'line 3: says the same interval as line 2; keep one of them',
    ])
  })

  it('for any claims, those that are left never hold a device more than once', () => {
    const claim = fc.record({
      index: fc.option(fc.integer({ min: 0, max: 2 })),
      from_ms: fc.integer({ min: 0, max: 20 }),
      length: fc.option(fc.integer({ min: 0, max: 10 })),
      share: fc.option(fc.constantFrom(0.25, 0.5, 1)),
    })
    fc.assert(
      fc.property(fc.array(claim, { maxLength: 20 }), (given) => {
        const claims = given.map(({ length, ...rest }, line): Claim => {
          const to_ms = length === null ? null : rest.from_ms + length
          return { ...rest, line, key: '', node: 'n', to_ms }
        })
        const refused = new Set(overlapsOf(claims).map(({ line }) => line))
        const left = claims.filter(({ line }) => !refused.has(line))
        for (let at = 0; at < 31; at++)
          for (const device of [0, 1, 2]) {
            const now = left.filter(
              ({ index, from_ms, to_ms }) =>
                (index ?? device) === device && from_ms <= at && (to_ms === null || to_ms > at),
            )
            const sum = now.reduce((total, { share }) => total + (share ?? 1), 0)
            expect(sum).toBeLessThanOrEqual(1)
          }
      }),
    )
  })
})

describe('contracts.csv', () => {
  const HEADER = 'id,tenant,model,devices,from,to,rate per hour,flat fee,currency\n'

  it('reads a rate or a flat fee', () => {
    const text = `${HEADER}c1,acme,H100,64,2026-01-01,,2.5,,usd\nc2,b,910B,8,2026-01-01,2027-01-01,,90000,CNY\n`
    const { contracts, problems } = readContractsCsv(text, ZONE)
    expect(problems.refused).toBe(0)
    expect(contracts).toMatchObject([
      { id: 'c1', devices: 64, rate_per_hour: 2.5, flat_fee: null, currency: 'USD', to_ms: null },
      { id: 'c2', devices: 8, rate_per_hour: null, flat_fee: 90_000, currency: 'CNY' },
    ])
  })

  it.each([
    ['c1,acme,H100,64,2026-01-01,,2.5,100,USD', 'either rate'],
    ['c1,acme,H100,64,2026-01-01,,,,USD', 'either rate'],
    ['c1,acme,H100,64,2026-01-01,,,100,USD', 'without an end'],
    ['c1,acme,H100,,2026-01-01,,1,,USD', 'devices is empty'],
    ['c1,acme,H100,1.5,2026-01-01,,1,,USD', 'whole number'],
    ['c1,acme,H100,1,2026-02-01,2026-01-01,1,,USD', 'ends before'],
    ['c1,acme,H100,1,2026-02-01,,1,,dollars', 'currency is a code'],
    ['c0,acme,H100,1,2026-02-01,,1,,USD', 'id of line 2'],
  ])('the row %s is refused: %s', (row, message) => {
    const good = 'c0,acme,H100,1,2026-02-01,,1,,USD'
    const { contracts, problems } = readContractsCsv(`${HEADER}${good}\n${row}\n`, ZONE)
    expect(contracts).toHaveLength(1)
    expect(told(problems)).toEqual([expect.stringContaining(message)])
  })
})

describe('states.csv', () => {
  it('reads states in the words that sites use, with what they wait for', () => {
    const text = `state,serial,node,from,to,reason,ticket,waiting on,eta
RMA,S1,,2026-05-01,,,T-1,vendor,2026-05-20
maintenance,,n1,2026-05-01T08:00,2026-05-01T12:00,fan swap,,,
burn-in,,n2,2026-05-01,2026-05-03,,,,
`
    const { states, problems } = readStatesCsv(text, ZONE)
    expect(problems.refused).toBe(0)
    expect(states).toMatchObject([
      { state: 'failed', key: 'serial:S1', reason: 'rma', ticket: 'T-1', waiting_on: 'vendor' },
      { state: 'drained', node: 'n1', key: '', reason: 'fan swap' },
      { state: 'verification', node: 'n2', reason: 'burn-in', eta_ms: null },
    ])
  })

  it.each([
    ['dancing,,n1,,2026-05-01,', 'none of failed'],
    ['failed,,n1,3,2026-05-01,', 'an index can move'],
    ['failed,,n1,,2026-05-02,2026-05-01', 'ends before'],
    ['failed,,,,2026-05-02,', 'names no device'],
  ])('the row %s is refused: %s', (row, message) => {
    const { problems } = readStatesCsv(`state,serial,node,index,from,to\n${row}\n`, ZONE)
    expect(told(problems)).toEqual([expect.stringContaining(message)])
  })
})
