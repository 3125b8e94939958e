import { expect, it } from 'vitest'
import { EDIT_TEXTS, TEXTS } from './texts.ts'

/** Leaves as `path: text`, functions called with names of figures. */
function leaves(value: object, path = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, leaf]: [string, unknown]) => {
    const here = `${path}.${key}`
    if (typeof leaf === 'string') return [[here, leaf]]
    if (typeof leaf === 'function') return [[here, String(leaf('A1', 'B2', 'C3', 'D4', 'E5'))]]
    return typeof leaf === 'object' && leaf !== null ? leaves(leaf, here) : []
  })
}

it('both languages have the same texts with the same figures, none empty', () => {
  const english = [...leaves(TEXTS.en), ...leaves(EDIT_TEXTS.en, '.edit')]
  const chinese = new Map([...leaves(TEXTS.zh), ...leaves(EDIT_TEXTS.zh, '.edit')])
  const given = (text: string) => [...text.matchAll(/[A-E][1-5]/g)].map(String).toSorted()
  expect([...chinese.keys()]).toEqual(english.map(([key]) => key))
  for (const [key, text] of english) {
    expect(text.trim(), key).not.toBe('')
    expect(given(chinese.get(key) ?? ''), key).toEqual(given(text))
  }
})
