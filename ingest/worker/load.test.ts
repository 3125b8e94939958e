import { expect, it } from 'vitest'
import { hasLanded } from './load.ts'

it('asks whether an insert landed with the statement that the program started with, from no file', () => {
  const asked: string[] = []
  const store = {
    async query(sql: string) {
      asked.push(sql)
      return []
    },
  }
  const intent = { shard: 0, epoch: 'e', first: 1, last: 2, leftOut: [] }
  void hasLanded(store, intent, 0)
  // At once: an upgrade in place may have put another release's file there long after the start.
  expect(asked).toEqual([expect.stringContaining('FROM batches')])
})
