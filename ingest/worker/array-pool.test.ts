import { describe, expect, it } from 'vitest'
import { createArrayPool, createLender } from './array-pool.ts'

describe('memory of blocks', () => {
  it('serves the next block of about the same size, and no array twice at a time', () => {
    const pool = createArrayPool()
    const lender = createLender(pool)
    const [a, b] = [lender.f64(1000), lender.u8(7000)]
    expect(a.buffer).not.toBe(b.buffer)
    lender.giveBack()
    const again = createLender(pool)
    const used = [again.f32(1900).buffer, again.u32(1500).buffer]
    expect(new Set(used)).toEqual(new Set([a.buffer, b.buffer]))
    expect(again.u32(1500).buffer).not.toBe(a.buffer)
    lender.giveBack()
    expect([a.buffer, b.buffer]).not.toContain(createLender(pool).u8(8000).buffer)
  })

  it('rests within its bound: sizes of another time make room', () => {
    const pool = createArrayPool(32_768)
    const first = createLender(pool)
    const large = first.u8(32_768).buffer
    first.giveBack()
    const second = createLender(pool)
    const small = second.u8(4096).buffer
    second.giveBack()
    expect(pool.take(4096)).toBe(small)
    expect(pool.take(32_768)).not.toBe(large)
    const third = createLender(pool)
    const huge = third.u8(65_536).buffer
    third.giveBack()
    expect(pool.take(65_536)).not.toBe(huge)
  })
})
