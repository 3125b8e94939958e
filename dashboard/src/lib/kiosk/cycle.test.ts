import { describe, expect, it } from 'vitest'
import { readEvery, readViews, stepped, VIEWS } from './cycle.ts'

const params = (text: string) => new URLSearchParams(text)

describe('the address of a kiosk', () => {
  it('names views in their order, each once, and all of them where none is known', () => {
    expect(readViews(params('views=alerts,fleet,alerts,nonsense'))).toEqual(['alerts', 'fleet'])
    expect(readViews(params('views=nonsense'))).toEqual(VIEWS)
    expect(readViews(params(''))).toEqual(VIEWS)
  })

  it('keeps a time that can be read', () => {
    expect(['', 'every=x', 'every=-1', 'every=1e3'].map((text) => readEvery(params(text)))).toEqual(
      [20, 20, 20, 20],
    )
    expect(['every=1', 'every=45', 'every=99999'].map((text) => readEvery(params(text)))).toEqual([
      5, 45, 600,
    ])
  })
})

it('goes round both ways', () => {
  expect(stepped(3, 1, 4)).toBe(0)
  expect(stepped(0, -1, 4)).toBe(3)
  expect(stepped(2, -1, 4)).toBe(1)
  expect(stepped(5, 1, 0)).toBe(0)
})
