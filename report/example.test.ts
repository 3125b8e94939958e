import { expect, it } from 'vitest'
import { exampleReport } from './example.testing.ts'

it('the example is a report, and its JSON begins as programs rely on', () => {
  const first = Object.keys(exampleReport()).slice(0, 7)
  expect(first).toEqual(['week', 'revision', 'from', 'to', 'utilization', 'coverage', 'definition'])
})
