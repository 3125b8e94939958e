import { expect, it } from 'vitest'
import { newAlertLog } from './log.ts'
import { observedOf } from './observed.ts'

const DAY_MS = 86_400_000

it('counts from when alerts are evaluated, were let observe again, or as far back as is remembered', () => {
  const log = newAlertLog()
  expect(observedOf(log, 'mass_idle').since_ms).toBeNull()
  log.firstEvaluatorMs = 5 * DAY_MS
  expect(observedOf(log, 'mass_idle')).toEqual({
    since_ms: 5 * DAY_MS,
    enough_ms: 12 * DAY_MS,
    would_have_paged: 0,
  })
  log.withdrawnMs.set('mass_idle', 6 * DAY_MS)
  expect(observedOf(log, 'mass_idle').since_ms).toBe(6 * DAY_MS)
  expect(observedOf(log, 'contingency').since_ms).toBe(5 * DAY_MS)
  log.knownFromMs = 9 * DAY_MS
  expect(observedOf(log, 'mass_idle').since_ms).toBe(9 * DAY_MS)
})
