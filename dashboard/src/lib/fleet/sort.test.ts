import { describe, expect, it } from 'vitest'
import { groupOf, PARTS } from '../../../testing/stub-fleet.ts'
import { groupsSheet } from './group-csv.ts'
import { nextOrder, rowsOf, sortRows, sourceShares } from './sort.ts'

const groups = PARTS.map((part) => groupOf({ hall: part.hall }, [part], 0, 0))
const rows = rowsOf('hall', groups, groups.slice(1))

describe('the group table', () => {
  it('puts groups without a value last, whichever way it is sorted', () => {
    for (const descending of [true, false]) {
      expect(sortRows(rows, { column: 'power', descending }).at(-1)?.name).toBe('w2')
      expect(sortRows(rows, { column: 'now', descending }).at(-1)?.now).toBeNull()
    }
  })

  it('sorts names as a person does: h2 before h10', () => {
    const named = ['h10', 'h2'].map((hall) => groupOf({ hall }, PARTS, 0, 0))
    const sorted = sortRows(rowsOf('hall', named, []), { column: 'name', descending: false })
    expect(sorted.map((row) => row.name)).toEqual(['h2', 'h10'])
  })

  it('a second click turns the order', () => {
    const first = nextOrder({ column: 'name', descending: false }, 'utilization')
    expect(first).toEqual({ column: 'utilization', descending: false })
    expect(nextOrder(first, 'utilization').descending).toBe(true)
  })

  it('names every busy source with its share, the largest first', () => {
    const mixed = groupOf({}, PARTS, 0, 0)
    const shares = sourceShares(mixed)
    expect(shares[0]?.source).toBe('gr_engine_active')
    expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12)
    expect(sourceShares({ ...mixed, busy_sources: {} })).toEqual([])
  })

  it('is saved as it is: one field per column, a missing figure empty', () => {
    const { header, rows: saved } = groupsSheet(rows, 'hall', ({ name }) => `hall ${name}`)
    expect(saved.map((row) => row.length)).toEqual(rows.map(() => header.length))
    const [first] = saved
    expect(first?.slice(0, 2)).toEqual([rows[0]?.name, `hall ${rows[0]?.name}`])
    expect(first?.[header.indexOf('utilization')]).toBe(rows[0]?.group.utilization)
    expect(first?.[header.indexOf('utilization_now')]).toBeNull()
  })
})
