import { describe, expect, it } from 'vitest'
import { applyRetention, DEFAULT_RETENTION, parseRetention, rawRetentionMs } from './retention.ts'

describe('how long a person wants levels kept', () => {
  it('is read in days, weeks and years; what is not named keeps its default', () => {
    expect(parseRetention('raw=3w, hours=5y')).toEqual({
      ...DEFAULT_RETENTION,
      raw: 21,
      hours: 1827,
    })
    expect(parseRetention('raw=14d,minutes=90d,hours=3y')).toEqual(DEFAULT_RETENTION)
  })

  it.each([
    ['raw', /not understood/],
    ['raw=14', /not understood/],
    ['days=9y', /levels: raw, minutes/],
    ['batches=9d', /not understood/],
    ['raw=0d', /whole number/],
    ['raw=1d', /at least 2/],
    ['hours=101y', /whole number/],
    ['raw=30d,minutes=31d', /minutes are kept 31 days and raw 30: at least 32/],
    ['raw=40d,minutes=90d,groups=40d', /groups are kept 40 days and raw 40/],
    ['minutes=90d,hours=60d', /hours are kept 60 days and minutes 90/],
    ['raw=43d', /raw is at most 42/],
  ])('%s is refused with what is wrong', (text, problem) => {
    expect(() => parseRetention(text)).toThrow(problem)
    expect(() => parseRetention(text)).toThrow(expect.objectContaining({ code: 'E_RETENTION' }))
  })

  it('has defaults that fit together, and an hour of margin before raw samples go', () => {
    expect(parseRetention('raw=14d')).toEqual(DEFAULT_RETENTION)
    expect(rawRetentionMs(DEFAULT_RETENTION)).toBe(14 * 86_400_000 - 3_600_000)
  })
})

it('on a cluster the tables behind the distributed ones age, on every server', async () => {
  const commands: string[] = []
  const store = {
    command: async (sql: string) => void commands.push(sql),
    query: async (sql: string) =>
      sql.includes('engine_full')
        ? [{ engine: "Distributed('gpus', currentDatabase(), samples_local, cityHash64(ts))" }]
        : [{ definition: 'CREATE TABLE' }],
  }
  await applyRetention(store, DEFAULT_RETENTION)
  expect(commands[0]).toBe(
    "ALTER TABLE samples_local ON CLUSTER 'gpus' MODIFY TTL toDateTime(ts) + INTERVAL 14 DAY",
  )
  expect(commands).toHaveLength(17)
})
