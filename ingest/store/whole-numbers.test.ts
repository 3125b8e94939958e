import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  NEW_ARRAYS,
  type Readings,
  WHOLE_NUMBERS,
  type WholeNumber,
  wholeColumns,
} from './whole-numbers.ts'

const cases = [...WHOLE_NUMBERS.values()].map((as): [string, WholeNumber] => [as.column, as])

const readings = (as: WholeNumber, given: readonly (number | null)[]): Readings => {
  const numbers = given.map((value) => value ?? 0)
  return {
    values: as.type === 'Int32' ? Float32Array.from(numbers) : Float64Array.from(numbers),
    nulls: given.includes(null)
      ? Uint8Array.from(given, (value) => (value === null ? 1 : 0))
      : null,
  }
}

/** What the computed column gives: migration 011. */
function readBack(as: WholeNumber, given: Readings): (number | null)[] {
  const columns = wholeColumns(given, as, NEW_ARRAYS)
  const at = (name: string, row: number) => {
    const column = columns.find((one) => one.name === name)
    const value = column?.nulls?.[row] === 1 ? null : column?.values[row]
    return value === null || value === undefined ? null : Number(value)
  }
  return Array.from(given.values, (_, row) => {
    const whole = at(as.column, row)
    if (whole === null) return at(as.restColumn, row)
    return as.type === 'Int32' ? Math.fround(whole / as.perUnit) : whole / as.perUnit
  })
}

it.each(cases)('%s gives back every number that came in, null as null', (_, as) => {
  const value = fc.oneof(
    fc.constantFrom(null, 0, 1, 2 ** 31, 2 ** 40, 9e15, -0.5, -(2 ** 33)),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }),
    fc.integer({ min: 0, max: 5_000_000 }).map((whole) => whole / as.perUnit),
  )
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), (given) => {
      const came = readings(as, given)
      const back = readBack(as, came).map((one) => (one === null ? null : one + 0))
      expect(back).toEqual(
        given.map((one, row) => (one === null ? null : (came.values[row] ?? 0) + 0)),
      )
    }),
  )
})

it.each(cases)('%s alone holds what tools print: decimals down to its unit', (_, as) => {
  const printed = fc.integer({ min: 0, max: 5_000_000 }).map((whole) => {
    const value = Number((whole / as.perUnit).toFixed(Math.log10(as.perUnit)))
    return as.perUnit === 1e6 ? Math.min(1, value) : value
  })
  fc.assert(
    fc.property(fc.array(fc.option(printed), { minLength: 1, maxLength: 20 }), (given) => {
      const columns = wholeColumns(readings(as, given), as, NEW_ARRAYS)
      expect(columns.map(({ name }) => name)).toEqual([as.column])
    }),
  )
})

it('energy of a device that has run for ten years is still a whole number of millijoules', () => {
  const as = WHOLE_NUMBERS.get('energy_joules_total')
  if (as === undefined) throw new Error('energy has no whole number')
  const joules = 3.2e11 + 0.123
  const [column] = wholeColumns(readings(as, [joules]), as, NEW_ARRAYS)
  expect(column?.values[0]).toBe(320_000_000_000_123n)
})
