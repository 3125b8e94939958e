import { describe, expect, it } from 'vitest'
import { remembered, sameText } from './same-text.ts'

describe('remembered', () => {
  it('works a result out once, also when it is null', () => {
    const asked: string[] = []
    const lengthOf = remembered((text) => {
      asked.push(text)
      return text === '' ? null : text.length
    })
    expect(['abc', 'abc', '', ''].map(lengthOf)).toEqual([3, 3, null, null])
    expect(asked).toEqual(['abc', ''])
  })

  it('gives the right result also of texts that are too many or too long to keep', () => {
    let made = 0
    const numberOf = remembered((text) => {
      made++
      return Number(text)
    })
    for (let at = 0; at < 20_010; at++) expect(numberOf(String(at))).toBe(at)
    expect([numberOf('5'), numberOf('20005')]).toEqual([5, 20_005])
    expect(made).toBe(20_011)
    expect(sameText('x'.repeat(1000))).toHaveLength(1000)
  })
})
