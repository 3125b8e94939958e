import { describe, expect, it } from 'vitest'
import { kindNames, makePlan } from './plan.ts'

describe('the plan of a fault run', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(makePlan(7, 200, 60_000)).toEqual(makePlan(7, 200, 60_000))
    expect(makePlan(7, 200, 60_000)).not.toEqual(makePlan(8, 200, 60_000))
  })

  it('has as many faults as asked for, in the order of time, about within its window', () => {
    for (const seed of [1, 2, 3]) {
      const plan = makePlan(seed, 300, 120_000)
      expect(plan.map(({ step }) => step)).toEqual(Array.from({ length: 300 }, (_, n) => n + 1))
      const times = plan.map(({ atMs }) => atMs)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      expect(times.at(-1)).toBeGreaterThan(90_000)
      expect(times.at(-1)).toBeLessThan(150_000)
    }
  })

  it('meets every kind in sixty faults, whatever the seed', () => {
    for (const seed of [1, 2, 3, 4, 5])
      expect(new Set(makePlan(seed, 60, 40_000).map(({ kind }) => kind))).toEqual(
        new Set(kindNames()),
      )
  })

  it('kills collectors, ingest, server and engine alike', () => {
    const killed = makePlan(1, 1000, 60_000).filter(({ kind }) => kind === 'kill')
    const times = (target: string) => killed.filter((fault) => fault.target === target).length
    for (const target of ['c1', 'c2', 'c3', 'ingest', 'nats', 'engine'])
      expect(times(target)).toBeGreaterThan(10)
  })
})
