import { describe, expect, it } from 'vitest'
import { filtersOf, nextSort, readQuestion, writeQuestion } from './filters.ts'

const read = (text: string) => readQuestion(new URLSearchParams(text))

describe('the device filter', () => {
  it('survives writing and reading, with colons and blanks in names', () => {
    const text =
      'cluster=a%3Ab&model=H100+SXM5+80GB&node=h1-r&q=GPU-1&sort=-busy_ratio&cursor=x&page=2'
    expect(writeQuestion(read(text)).toString()).toBe(text)
  })

  it('node is a beginning, the others are exact', () => {
    expect(filtersOf(read('node=h1-r02&cluster=east'))).toEqual([
      { field: 'cluster', op: 'eq', value: 'east' },
      { field: 'node', op: 'prefix', value: 'h1-r02' },
    ])
  })

  it('a page without its cursor is the first page', () => {
    expect(read('page=7').page).toBe(0)
    expect(read('page=-1&cursor=x').page).toBe(0)
  })

  it('an unknown sort is the default, not an error', () => {
    expect(read('sort=drop%20table').sort).toEqual({ column: 'cluster', descending: false })
  })

  it('figures sort from the largest first, names from the first', () => {
    const start = { column: 'cluster', descending: false } as const
    expect(nextSort(start, 'busy_ratio')).toEqual({ column: 'busy_ratio', descending: true })
    expect(nextSort(start, 'node')).toEqual({ column: 'node', descending: false })
    expect(nextSort(start, 'cluster').descending).toBe(true)
  })
})
