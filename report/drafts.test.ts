import { expect, it } from 'vitest'
import type { ReportAnswers } from '#schemas/report/facts.ts'
import { answersOf, shanghai, WEEK } from './answers.testing.ts'
import { createDrafts } from './drafts.ts'
import { createIssuedBook } from './issued.ts'

it('one draft serves all who ask while it is put together and for a minute after', async () => {
  let nowMs = WEEK.toMs
  const asked: PromiseWithResolvers<ReportAnswers>[] = []
  const drafts = createDrafts({
    facts: {
      settled: () => Promise.resolve({ firstMs: 0, untilMs: WEEK.toMs }),
      costBook: () => Promise.resolve(null),
      answers() {
        const answer = Promise.withResolvers<ReportAnswers>()
        asked.push(answer)
        return answer.promise
      },
    },
    calendar: shanghai,
    book: createIssuedBook(null),
    clock: () => nowMs,
    holidays: () => [],
  })
  const first = drafts.shared(WEEK)
  // It takes five minutes: who gave up waiting and asks again joins it.
  nowMs += 300_000
  const again = drafts.shared(WEEK)
  await expect.poll(() => asked.length).toBe(1)
  asked[0]?.resolve(answersOf())
  expect(await again).toBe(await first)
  nowMs += 59_000
  expect(await drafts.shared(WEEK)).toBe(await first)
  nowMs += 1_000
  const fresh = drafts.shared(WEEK)
  await expect.poll(() => asked.length).toBe(2)
  asked[1]?.reject(new RangeError('away'))
  await expect(fresh).rejects.toThrow('away')
})
