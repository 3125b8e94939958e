import { expect, it } from 'vitest'
import { shiftsNow, stripOf } from './weeks.ts'

const shift = (person: string, from_ms: number, to_ms: number | null) => ({
  person,
  by: 'rotation' as const,
  from_ms,
  to_ms,
})
const shifts = [shift('Ada', 0, 40), shift('Li', 60, 80), shift('Wang', 80, null)]

it('cuts shifts to the strip and leaves holes where nobody is on call', () => {
  const parts = stripOf(shifts, { fromMs: 20, toMs: 120 })
  expect(parts.map(({ shift: { person }, from, to }) => [person, from, to])).toEqual([
    ['Ada', 0, 0.2],
    ['Li', 0.4, 0.6],
    ['Wang', 0.6, 1],
  ])
})

it('says who is on call and who follows, also in a hole', () => {
  const at = (ms: number) => {
    const { now, following } = shiftsNow(shifts, ms)
    return [now?.person ?? null, following?.person ?? null]
  }
  expect([at(10), at(50), at(79), at(500)]).toEqual([
    ['Ada', 'Li'],
    [null, 'Li'],
    ['Li', 'Wang'],
    ['Wang', null],
  ])
})
