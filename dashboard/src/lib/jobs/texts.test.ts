import { expect, it } from 'vitest'
import { TEXTS as LOSS } from '#lib/loss/texts.ts'
import { TEXTS as JOBS } from './texts.ts'

/** Leaves as `path: text`, functions called with names of figures. */
function leaves(value: object, path = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, leaf]: [string, unknown]) => {
    const here = `${path}.${key}`
    if (typeof leaf === 'string') return [[here, leaf]]
    if (typeof leaf === 'function') return [[here, String(leaf('A1', 'B2', 'C3'))]]
    return typeof leaf === 'object' && leaf !== null ? leaves(leaf, here) : []
  })
}

it.each([
  ['loss', LOSS],
  ['jobs', JOBS],
] as const)('both languages of %s have the same texts with the same figures', (_name, texts) => {
  const chinese = new Map(leaves(texts.zh))
  const given = (text: string) => [...text.matchAll(/[A-C][1-3]/g)].map(String).toSorted()
  expect([...chinese.keys()]).toEqual(leaves(texts.en).map(([key]) => key))
  for (const [key, text] of leaves(texts.en)) {
    expect(text.trim(), key).not.toBe('')
    expect(given(chinese.get(key) ?? ''), key).toEqual(given(text))
  }
})
