import { expect, it } from 'vitest'
import { en } from '../i18n/en.ts'
import { adviceFor, rejectedTotal } from './advice.ts'

it.each([
  ['timeout', 'timeout'],
  ['refused', 'refused'],
  ['http_500', 'http'],
  ['empty_page', 'empty'],
  ['closed_early', 'cut'],
  ['something_new', 'other'],
])('a target that failed with %s gets advice', (reason, advice) => {
  expect(adviceFor({ outcome: 'failed', reason })).toBe(advice)
  expect(en.advice).toHaveProperty(advice)
})

it('absent is quiet: no advice', () => {
  expect(adviceFor({ outcome: 'absent', reason: 'no_device' })).toBeNull()
  expect(adviceFor({ outcome: 'ok', reason: '' })).toBeNull()
})

it('refusals are counted over all reasons', () => {
  expect(rejectedTotal({ out_of_range: 12, not_a_number: 4 })).toBe(16)
  expect(rejectedTotal({})).toBe(0)
})
