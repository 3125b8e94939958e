import { expect, it } from 'vitest'
import { ERRORS } from '#schemas/errors.ts'
import { errorSections } from './sections.ts'

const docs =
  '# Errors\n\n## `E_STORE_AWAY`\n\n**Cause.** The store does\nnot answer.\n\nRun `it`.\n\n## E_BUS_AWAY\n\nText.\n'

it('every code has a section, with the paragraphs of the documentation where there are some', () => {
  const sections = errorSections(docs)
  expect(sections.map(({ code }) => code)).toEqual(Object.keys(ERRORS))
  expect(sections.find(({ code }) => code === 'E_STORE_AWAY')?.paragraphs).toEqual([
    [
      { kind: 'strong', text: 'Cause.' },
      { kind: 'text', text: ' The store does not answer.' },
    ],
    [
      { kind: 'text', text: 'Run ' },
      { kind: 'code', text: 'it' },
      { kind: 'text', text: '.' },
    ],
  ])
  expect(errorSections('').every(({ summary }) => summary !== '')).toBe(true)
})
