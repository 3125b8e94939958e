import { expect, it } from 'vitest'
import { en } from './en.ts'
import { zh } from './zh.ts'

/** Leaves as `path: text`, functions called with their parameter names. */
function leaves(value: object, path = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, leaf]: [string, unknown]) => {
    const here = `${path}.${key}`
    if (typeof leaf === 'string') return [[here, leaf]]
    if (typeof leaf === 'function') return [[here, String(leaf('A1', 'B2', 'C3', 'D4', 'E5'))]]
    return typeof leaf === 'object' && leaf !== null ? leaves(leaf, here) : []
  })
}

it('both languages have the same keys, none empty', () => {
  expect(leaves(zh).map(([key]) => key)).toEqual(leaves(en).map(([key]) => key))
  for (const [key, text] of [...leaves(en), ...leaves(zh)]) expect(text.trim(), key).not.toBe('')
})

it('both languages pass on the same figures', () => {
  const given = (text: string) => [...text.matchAll(/[A-E][1-5]/g)].map(String).toSorted()
  const chinese = new Map(leaves(zh))
  for (const [key, text] of leaves(en)) {
    expect(given(chinese.get(key) ?? ''), key).toEqual(given(text))
  }
})
