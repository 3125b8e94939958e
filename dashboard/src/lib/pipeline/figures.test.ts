import { expect, it } from 'vitest'
import { enPipeline } from '#lib/i18n/en-pipeline.ts'
import { zhPipeline } from '#lib/i18n/zh-pipeline.ts'
import { bytes, segments, spread, sumCounts, worstOf } from './figures.ts'

const plain = (text: string | null) => text?.replaceAll('\u202f', ' ')

it('few bytes are bytes, not 0 MB; unknown is a dash', () => {
  expect([300, 4_200, 16_777_216, 5.4e10].map((n) => plain(bytes(n, 'en')))).toEqual([
    '300 B',
    '4.2 kB',
    '17 MB',
    '54 GB',
  ])
  expect(bytes(null, 'en')).toBe('—')
})

it('quantiles are said in the unit that fits', () => {
  expect(plain(spread({ count: 3, p50: 0.02, p99: 1, max: 75 }, 'en'))).toBe('20 ms · 1 s · 1 min')
  expect(spread(null, 'en')).toBeNull()
})

it('a line has a hole where nothing is known', () => {
  const box = { width: 40, height: 10 }
  expect(segments([0, 10, null, 5, 5], box)).toEqual(['M0.0 10.0L10.0 0.0', 'M30.0 5.0L40.0 5.0'])
  expect(segments([null, 3, null], box)).toEqual(['M20.0 0.0h1'])
  expect(segments([null, null], box)).toEqual([])
  expect(segments([0, 0], box)).toEqual(['M0.0 10.0L40.0 10.0'])
})

it('of several shards the worst tail is told', () => {
  const worse = { count: 1, p50: 0.1, p99: 9, max: 9 }
  expect(worstOf([{ count: 9, p50: 1, p99: 2, max: 3 }, null, worse])).toBe(worse)
  expect(worstOf([null])).toBeNull()
  expect(sumCounts([{ a: 1, b: 2 }, {}])).toBe(3)
})

it('both languages have the same texts, none empty, and pass on the same figures', () => {
  const leaves = (value: object, path = ''): [string, string][] =>
    Object.entries(value).flatMap(([key, leaf]: [string, unknown]) => {
      const here = `${path}.${key}`
      if (typeof leaf === 'string') return [[here, leaf]]
      if (typeof leaf === 'function') return [[here, String(leaf('A1', 'B2', 'C3', 'D4'))]]
      return typeof leaf === 'object' && leaf !== null ? leaves(leaf, here) : []
    })
  const given = (text: string) => [...text.matchAll(/[A-D][1-4]/g)].map(String).toSorted()
  const chinese = new Map(leaves(zhPipeline))
  expect([...chinese.keys()]).toEqual(leaves(enPipeline).map(([key]) => key))
  for (const [key, text] of leaves(enPipeline)) {
    expect(text.trim(), key).not.toBe('')
    expect(given(chinese.get(key) ?? ''), key).toEqual(given(text))
  }
})
