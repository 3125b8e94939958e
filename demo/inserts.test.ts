import { describe, expect, it } from 'vitest'
import { createInserts } from './inserts.ts'

/** Inserts that the test ends by hand. */
function handInserts(atOnce: number) {
  const inserts = createInserts(atOnce)
  const ends: PromiseWithResolvers<void>[] = []
  const told: number[] = []
  const begin = (name: number) => {
    const end = Promise.withResolvers<void>()
    return inserts.run(
      () => {
        ends[name] = end
        return end.promise
      },
      () => told.push(name),
    )
  }
  return { inserts, ends, told, begin }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('inserts on their way', () => {
  it('are a few at once, and are told of in the order they were begun', async () => {
    const { inserts, ends, told, begin } = handInserts(2)
    await begin(0)
    await begin(1)
    const third = begin(2)
    await settled()
    expect(ends.length).toBe(2)
    ends[1]?.resolve()
    await third
    expect(ends.length).toBe(3)
    expect(told).toEqual([])
    ends[0]?.resolve()
    await settled()
    expect(told).toEqual([0, 1])
    ends[2]?.resolve()
    await inserts.done()
    expect(told).toEqual([0, 1, 2])
  })

  it('end with the first failure, and nothing after it is told of', async () => {
    const { inserts, ends, told, begin } = handInserts(1)
    await begin(0)
    const next = begin(1)
    ends[0]?.reject(new Error('disk full'))
    await expect(next).rejects.toThrow('disk full')
    await expect(inserts.done()).rejects.toThrow('disk full')
    expect(told).toEqual([])
  })
})
