import { describe, expect, it } from 'vitest'
import { filtersOf, nextSort, readQuestion, writeQuestion } from './filters.ts'

const read = (text: string) => readQuestion(new URLSearchParams(text))

describe('the device filter', () => {
  it('survives writing and reading, with colons and blanks in names', () => {
    const text =
      'cluster=a%3Ab&pool=p&model=H100+SXM5+80GB&tenant=acme&rack=r1&job=j&node=h1-r&state=drained&q=GPU-1&sort=-busy_ratio&cursor=x&page=2'
    expect(writeQuestion(read(text)).toString()).toBe(text)
  })

  it('what is typed is a beginning, what is chosen is exact', () => {
    expect(filtersOf(read('node=h1-r02&cluster=east&rack=R1&tenant=acme'))).toEqual([
      { field: 'cluster', op: 'eq', value: 'east' },
      { field: 'tenant', op: 'eq', value: 'acme' },
      { field: 'rack', op: 'prefix', value: 'R1' },
      { field: 'node', op: 'prefix', value: 'h1-r02' },
    ])
  })

  it('a page without its cursor is the first page', () => {
    expect(read('page=7').page).toBe(0)
    expect(read('page=-1&cursor=x').page).toBe(0)
  })

  it('a state nobody knows is none', () => {
    expect(read('state=asleep').state).toBe('')
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
