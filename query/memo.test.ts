import { expect, test } from 'vitest'
import { memo } from './memo.ts'

test('loads once for as long as it holds, also for those who ask at the same time', async () => {
  let now = 0
  let loads = 0
  const read = memo(
    () => now,
    1000,
    () => Promise.resolve((loads += 1)),
  )
  expect(await Promise.all([read(), read()])).toEqual([1, 1])
  now = 999
  expect(await read()).toBe(1)
  now = 1000
  expect(await read()).toBe(2)
})

test('a clock that is set back does not freeze what it holds', async () => {
  let now = 3_600_000
  let loads = 0
  const read = memo(
    () => now,
    1000,
    () => Promise.resolve((loads += 1)),
  )
  expect(await read()).toBe(1)
  now = 0
  expect(await read()).toBe(2)
  now = 999
  expect(await read()).toBe(2)
})

test('a failure is tried again at once', async () => {
  let loads = 0
  const read = memo(
    () => 0,
    1000,
    () => {
      loads += 1
      return loads === 1 ? Promise.reject(new Error('away')) : Promise.resolve(loads)
    },
  )
  await expect(read()).rejects.toThrow('away')
  expect(await read()).toBe(2)
})
