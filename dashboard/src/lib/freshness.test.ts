import { expect, it } from 'vitest'
import { isStaleAt } from './freshness.ts'

it('a quiet minute of a 60 s collection is live, three missed intervals are not', () => {
  expect(isStaleAt({ messageAgeMs: 60_000, sampleAgeMs: 70_000 })).toBe(false)
  expect(isStaleAt({ messageAgeMs: 2_000, sampleAgeMs: 181_000 })).toBe(true)
})

it('a stream that says nothing is stale even if its last word was fresh', () => {
  expect(isStaleAt({ messageAgeMs: 91_000, sampleAgeMs: 91_000 })).toBe(true)
})

it('before the first message nothing is stale, and a fleet without samples is not either', () => {
  expect(isStaleAt({ messageAgeMs: null, sampleAgeMs: null })).toBe(false)
  expect(isStaleAt({ messageAgeMs: 1_000, sampleAgeMs: null })).toBe(false)
})
