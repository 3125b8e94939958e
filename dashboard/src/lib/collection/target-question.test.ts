import { expect, it } from 'vitest'
import { filtersOf, questionHref, readQuestion } from './target-question.ts'

const plain = { source: '', outcome: '', q: '', troubled: false }

it('a question survives the address', () => {
  const question = { source: 'npu-smi', outcome: 'failed', q: 'n 1&2', troubled: true }
  const params = new URLSearchParams(questionHref(question, 'abc').split('?')[1])
  expect(readQuestion(params)).toEqual(question)
  expect(params.get('cursor')).toBe('abc')
  expect(questionHref(plain)).toBe('/collection')
  expect(readQuestion(new URLSearchParams())).toEqual(plain)
})

it('only what is chosen filters', () => {
  expect(filtersOf(plain)).toEqual([])
  expect(filtersOf({ ...plain, outcome: 'stale' })).toEqual([
    { field: 'outcome', op: 'eq', value: 'stale' },
  ])
})
