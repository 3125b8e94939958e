import { expect, it } from 'vitest'
import { noteFilters } from './note-filters.ts'

it('asks for notes of the same place, and leaves out what no note is about', () => {
  const hall = { field: 'hall', op: 'eq', value: 'h1' } as const
  expect(noteFilters([hall, { field: 'vendor', op: 'eq', value: 'nvidia' }])).toEqual([hall])
})
