import { expect, it } from 'vitest'
import { readArrayTasks } from './array-tasks.ts'

it.each([
  ['3', 1, null],
  ['0-15%4', 16, 4],
  ['1-7:2,20', 5, null],
  ['[73-224%3]', 152, 3],
  ['1,3,5,7,...', 4, null],
  ['', 1, null],
  ['9-2', 1, null],
  ['0-999999999%0', 1_000_000, null],
])('%j has %i tasks and the limit %s', (text, tasks, limit) => {
  expect(readArrayTasks(text)).toEqual({ tasks, limit })
})
