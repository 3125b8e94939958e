import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ERRORS, errorDocs } from '#schemas/errors.ts'

const PAGE = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')
const sections = new Map(
  PAGE.split(/^## /m)
    .slice(1)
    .map((section) => {
      const [title = '', ...lines] = section.split('\n')
      return [title.trim(), lines.join('\n')]
    }),
)

describe('docs/errors.md', () => {
  test('explains every code that Plimsoll can show', () => {
    expect(Object.keys(ERRORS).filter((code) => !sections.has(code))).toEqual([])
  })

  test('explains no code that does not exist, and none twice', () => {
    const titles = [...PAGE.matchAll(/^## (.*)$/gm)].map(([, title]) => title)
    expect(titles.filter((title) => !Object.hasOwn(ERRORS, title ?? ''))).toEqual([])
    expect(titles).toHaveLength(sections.size)
  })

  test('says of each what causes it and what to do', () => {
    for (const [title, text] of sections) {
      expect([title, text.includes('**Cause.** '), text.includes('**What to do.** ')]).toEqual([
        title,
        true,
        true,
      ])
    }
  })

  test('is where the docs link of an error leads', () => {
    // A heading's anchor is its text in lower case.
    for (const code of ['E_RANGE_INVALID', 'E_INTERNAL'] as const) {
      expect(errorDocs(code)).toBe(`docs/errors.md#${code.toLowerCase()}`)
    }
  })
})
