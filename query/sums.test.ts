import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextCursor, cursorOffset } from './cursor.ts'
import { parseFilters, parseGroupBy } from './filters.ts'
import { isSumsRow, SUM_FIELDS } from './queries/fleet-sums.ts'
import { STATE_COLUMNS } from './state-sums.ts'
import { addRow, emptySums, fleetGroup, powerOf, ratioOf, utilizationOf } from './sums.ts'

describe('ratios', () => {
  test('util_lo <= utilization <= util_hi, whatever the sums', () => {
    const ms = fc.bigInt({ min: 0n, max: 2n ** 60n })
    fc.assert(
      fc.property(ms, ms, ms, ms, (a, b, c, verification) => {
        const [busy = 0n, known = 0n, base = 0n] = [a, b, c].sort((x, y) => (x < y ? -1 : 1))
        const sums = {
          ...emptySums(),
          capacity: base + verification,
          verification,
          known,
          busyX1000: busy * 1000n,
        }
        const { utilization, util_lo, util_hi, coverage } = utilizationOf(sums)
        if (utilization === null || util_lo === null || util_hi === null) {
          expect(known === 0n || base === 0n).toBe(true)
          return
        }
        expect(util_lo).toBeLessThanOrEqual(utilization)
        expect(utilization).toBeLessThanOrEqual(util_hi)
        expect(util_hi).toBeLessThanOrEqual(1)
        expect(coverage).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('are exact where the fraction is, and null for nothing', () => {
    expect(ratioOf(54n, 100n)).toBe(0.54)
    expect(ratioOf(0n, 5n)).toBe(0)
    expect(ratioOf(5n, 0n)).toBeNull()
  })

  test('a fleet of a year is not beyond the numbers', () => {
    const year = 50_000n * 400n * 86_400_000n
    const sums = {
      ...emptySums(),
      capacity: year,
      known: year,
      busyX1000: year * 700n,
      powerKnown: year,
      powerMwMs: year * 700_000n,
      presentMs: 400 * 86_400_000,
    }
    expect(utilizationOf(sums).utilization).toBe(0.7)
    expect(powerOf(sums)).toEqual({ value: 35_000_000, coverage: 1 })
  })

  test('nothing known is null in every figure, never zero', () => {
    expect(fleetGroup({}, 0, emptySums())).toMatchObject({
      utilization: null,
      util_lo: null,
      util_hi: null,
      coverage: null,
      active: { value: null, coverage: null },
      power_watts: null,
      temperature_celsius_max: null,
      busy_sources: {},
    })
  })
})

describe('filters', () => {
  test('are read into typed parameters', () => {
    const { params, fields } = parseFilters(['model:in:H100,H200', 'node:prefix:n:1', 'job:ne:'])
    expect(params).toMatchObject({
      f1: 'model',
      f1_in: ['H100', 'H200'],
      f2: 'node',
      f2_prefix: ['n:1'],
      f3: 'job',
      f3_not: [''],
      f4: 'none',
      f4_in: [],
    })
    expect(fields).toEqual(['model', 'node', 'job'])
  })

  test('that name an unknown field or operator, or too much, are refused by code', () => {
    const many = Array.from({ length: 21 }, () => 'job:ne:x')
    const bad: string[][] = [
      ['device_id:eq:1'],
      ['cluster'],
      ['cluster:eq'],
      ['cluster:like:x'],
      ['cluster); DROP TABLE samples --:eq:x'],
      ['cluster:eq:a', 'cluster:in:b'],
      [`cluster:eq:${'x'.repeat(257)}`],
      [`cluster:in:${','.repeat(100)}`],
      many,
      ['cluster', 'hall', 'rack', 'pool', 'node', 'job'].map((field) => `${field}:ne:x`),
    ]
    for (const filters of bad) {
      expect(() => parseFilters(filters)).toThrow(
        expect.objectContaining({ code: 'E_FILTER_INVALID' }),
      )
    }
    for (const text of [
      'x',
      'cluster,cluster',
      'cluster,',
      'cluster,hall,rack,pool,node',
      'none',
    ]) {
      expect(() => parseGroupBy(text)).toThrow(
        expect.objectContaining({ code: 'E_FILTER_INVALID' }),
      )
    }
    expect(parseGroupBy('')).toEqual([])
  })
})

describe('cursors', () => {
  test('lead to the next page of the same question only', () => {
    const cursor = nextCursor({ q: 'a' }, { offset: 0, given: 100, total: 250 }) ?? ''
    expect(cursorOffset({ q: 'a' }, cursor)).toBe(100)
    expect(nextCursor({ q: 'a' }, { offset: 200, given: 50, total: 250 })).toBeNull()
    for (const bad of ['', '!', 'e30', Buffer.from('{"o":-1,"q":""}').toString('base64url')]) {
      expect(() => cursorOffset({ q: 'a' }, bad)).toThrow(
        expect.objectContaining({ code: 'E_CURSOR_INVALID' }),
      )
    }
    expect(() => cursorOffset({ q: 'b' }, cursor)).toThrow(
      expect.objectContaining({ code: 'E_CURSOR_INVALID' }),
    )
  })
})

describe('rows of the store', () => {
  /** As the statements tell whole numbers. */
  const rowOf = (sums: readonly bigint[]) => ({
    keys: ['east', '', '', ''],
    slot: 0,
    source: 2,
    sums: sums.map(Number),
    wide: sums.filter((sum) => Math.abs(Number(sum)) >= 2 ** 53).map(String),
    max_temperature_celsius: 61.5,
    first_bucket_s: 0,
    last_bucket_s: 60,
    buckets: 2,
  })
  const places = SUM_FIELDS.length + STATE_COLUMNS.length
  const edges = [0n, 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n, 2n ** 100n + 1n]
  const whole = fc.oneof(
    fc.bigInt({ min: -(2n ** 110n), max: 2n ** 110n }),
    fc.constantFrom(...edges, ...edges.map((edge) => -edge)),
  )

  test('add up to the last millisecond, below and beyond what a double holds', () => {
    const wholes = fc.array(whole, { minLength: places, maxLength: places })
    fc.assert(
      fc.property(wholes, wholes, (first, second) => {
        const sums = emptySums()
        for (const row of [rowOf(first), rowOf(second)]) {
          expect(isSumsRow(row, places)).toBe(true)
          addRow(sums, row)
        }
        const total = first.map((sum, at) => sum + (second[at] ?? 0n))
        const states = STATE_COLUMNS.map((column) => sums.states?.[column] ?? 0n)
        expect([...SUM_FIELDS.map((field) => sums[field]), ...states]).toEqual(total)
      }),
    )
  })

  test('of another shape are refused', () => {
    const good = rowOf(SUM_FIELDS.map(() => 2n ** 60n))
    const isRow = (more: object) => isSumsRow({ ...good, ...more }, SUM_FIELDS.length)
    expect(isRow({})).toBe(true)
    for (const wrong of [
      { keys: [1] },
      { slot: '0' },
      { source: null },
      { sums: good.sums.slice(1) },
      { sums: good.sums.map(() => 0.5), wide: [] },
      { sums: good.sums.map(String) },
      { wide: [] },
      { wide: good.wide.map(() => '1.5') },
      { max_temperature_celsius: '61.5' },
      { first_bucket_s: '0' },
      { buckets: undefined },
    ])
      expect([wrong, isRow(wrong)]).toEqual([wrong, false])
    expect(isSumsRow(null, 0)).toBe(false)
  })
})
