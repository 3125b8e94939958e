import { expect, it } from 'vitest'
import { Alert } from '#schemas/alerts/alert.ts'
import type { JournalBody, JournalEntry } from '#schemas/journal.ts'
import { addToLog, LOG_LIMITS, newAlertLog } from './log.ts'

const START_MS = Date.UTC(2026, 4, 4)

const ALERT = Alert.parse({
  fingerprint: '0'.repeat(32),
  rule: 'some_rule',
  labels: {},
  state: 'firing',
  severity: 'warn',
  mode: 'paging',
  since_ms: START_MS,
  fired_ms: START_MS,
  resolved_ms: null,
  reading: { value: 0 },
})

const alertAt = (fingerprint: string, firedMs: number, value: number): Alert => ({
  ...ALERT,
  fingerprint,
  since_ms: firedMs,
  fired_ms: firedMs,
  reading: { ...ALERT.reading, value },
})

function entryOf(sequence: number, at_ms: number, alert: Alert, from: Alert['state'] | 'inactive') {
  const transitions = [{ at_ms, from, alert }]
  const body: JournalBody = {
    kind: 'alerts',
    epoch: 1,
    transitions,
    notifications: [],
    forgotten: [],
  }
  return { sequence, at_ms, who: 'alerts', body } satisfies JournalEntry
}

it('folds 100,000 entries in bounded memory, and says since when it knows', () => {
  const log = newAlertLog()
  const startedMs = performance.now()
  for (let at = 0; at < 100_000; at += 1) {
    const firedMs = START_MS + at * 1_000
    const fingerprint = (at % 30_000).toString(16).padStart(32, '0')
    addToLog(log, entryOf(at + 1, firedMs, alertAt(fingerprint, firedMs, at), 'inactive'))
  }
  const tookMs = performance.now() - startedMs
  expect(log.tracks.size).toBeLessThanOrEqual(LOG_LIMITS.tracks * 1.25)
  expect(log.episodes.size).toBeLessThanOrEqual(LOG_LIMITS.episodes * 1.25)
  const [oldest] = log.episodes.values()
  expect(log.knownFromMs).toBe((oldest?.fired_ms ?? 0) - 999)
  expect(log.lastMatchMs.get('some_rule')).toBe(START_MS + 99_999_000)
  expect(tookMs).toBeLessThan(10_000)
})

it('keeps the newest thousand readings of one alert and only changes as states', () => {
  const log = newAlertLog()
  const fingerprint = 'a'.repeat(32)
  for (let at = 0; at < 5_000; at += 1)
    addToLog(log, entryOf(at + 1, START_MS + at, alertAt(fingerprint, START_MS, at), 'firing'))
  const track = log.tracks.get(fingerprint)
  expect(track?.states).toHaveLength(1)
  expect(track?.values).toHaveLength(1_000)
  expect(track?.values.at(-1)).toEqual({ at_ms: START_MS + 4_999, value: 4_999 })
  expect(log.points).toBe(1_001)
  expect(log.episodes.size).toBe(1)
})
