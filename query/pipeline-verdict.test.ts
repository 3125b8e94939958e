import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { lagMessages, processesOf, readReports } from './pipeline-facts.ts'
import { heard, ingestReport, NOW_MS, shardReport, wellFacts } from './pipeline.testing.ts'
import { judgePipeline } from './pipeline-verdict.ts'
import { FINDINGS, percentOf, spanOf } from './pipeline-words.ts'

const codes = (facts: Parameters<typeof judgePipeline>[0]) =>
  judgePipeline(facts).findings.map(({ code, severity }) => `${severity} ${code}`)
const withReport = (...more: Parameters<typeof ingestReport>) =>
  wellFacts({ processes: [heard(ingestReport(...more))] })

describe('the verdict', () => {
  test('of a pipeline in which all is well is one sentence with its figures', () => {
    expect(judgePipeline(wellFacts())).toEqual({
      state: 'ok',
      message: 'Everything arrives: lag 2 s, settled 35 s behind, 2 collectors report.',
      message_zh: '数据全部到达：延迟 2 秒，结算落后 35 秒，2 个采集器正常报告。',
      findings: [],
    })
  })

  test('puts the worst first, and says how much more there is', () => {
    const verdict = judgePipeline(
      wellFacts({
        storeAnswers: false,
        storeAnsweredAtMs: NOW_MS - 60_000,
        refusals: [{ kind: 'quarantine', reason: 'bad_crc', found: 3, newest_ms: NOW_MS }],
      }),
    )
    expect(verdict.state).toBe('failing')
    expect(verdict.message).toMatch(/^The store does not answer.* And 1 more below\.$/)
    expect(verdict.findings[0]).toMatchObject({
      code: 'store_away',
      since: '2026-05-04T07:59:00.000Z',
      docs: 'docs/pipeline.md#store',
    })
  })

  test('a process that is silent is failing since its last word, never well', () => {
    const silent = heard(ingestReport({ at_ms: NOW_MS - 300_000 }), { status: 'silent' })
    const [finding] = judgePipeline(wellFacts({ processes: [silent] })).findings
    expect(finding).toMatchObject({ code: 'ingest_silent', severity: 'failing' })
    expect(finding?.message).toContain('silent for 5 min')
    expect(finding?.message_zh).toContain('5 分钟')
  })

  test('a shard that waits is behind by the age of what it stored last, one without traffic is not', () => {
    const behind = (lag: number | null, ageMs: number) =>
      codes(
        withReport({
          shards: [shardReport({ lag_messages: lag, newest_sample_ms: NOW_MS - ageMs })],
        }),
      )
    expect(behind(500, 10_000)).toEqual([])
    expect(behind(500, 130_000)).toEqual(['warning lag'])
    expect(behind(500, 700_000)).toEqual(['failing lag'])
    expect(behind(0, 700_000)).toEqual([])
  })

  test('no new sample although nothing waits is the collectors, and nothing at all is unknown', () => {
    expect(codes(wellFacts({ newestSampleMs: NOW_MS - 700_000 }))).toEqual([
      'failing nothing_arrives',
    ])
    expect(codes(wellFacts({ newestSampleMs: null }))).toEqual(['unknown nothing_yet'])
    expect(codes(wellFacts({ processes: [] }))).toEqual(['unknown ingest_never'])
  })

  test('what cannot be reached is named by its stage', () => {
    const of = (state: 'bus_away' | 'store_away' | 'taken') =>
      codes(withReport({ shards: [shardReport({ state, lag_messages: null })] }))
    expect(of('bus_away')).toEqual(['failing shard_bus_away'])
    expect(of('store_away')).toEqual(['failing shard_store_away'])
    expect(of('taken')).toEqual(['failing shard_failed'])
  })

  test('disks, streams and memory have their limits', () => {
    const disk = (state: 'warning' | 'stopped', used_ratio: number) =>
      codes(withReport({ disks: [{ name: 'd', state, used_ratio, free_bytes: 1 }] }))
    expect(disk('warning', 0.86)).toEqual(['warning disk_warning'])
    expect(disk('stopped', 0.96)).toEqual(['failing disk_stopped'])
    const stream = (bytes: number) =>
      codes(
        withReport({
          streams: [{ name: 's', messages: 1, bytes, max_bytes: 100, oldest_ms: null }],
        }),
      )
    expect([stream(79), stream(80), stream(98)]).toEqual([
      [],
      ['warning stream_full'],
      ['failing stream_full'],
    ])
    const store = { version: '', uptime_seconds: 30, memory_bytes: 95, memory_limit_bytes: 100 }
    expect(codes(withReport({ store }))).toEqual([
      'warning store_memory',
      'warning store_restarted',
    ])
    const { at_ms } = ingestReport()
    expect(codes(withReport({ store, started_at_ms: at_ms - 40_000 }))).toEqual([
      'warning store_memory',
    ])
  })

  test('collectors that are silent, refuse or fill up; one that was stopped is none of them', () => {
    const { collectors } = wellFacts()
    if (collectors === null) throw new Error('facts without collectors')
    const silent = { silent: 1, silent_since_ms: NOW_MS - 600_000, silent_longest: 'k9' }
    expect(codes(wellFacts({ collectors: { ...collectors, ...silent } }))).toEqual([
      'warning collectors_silent',
    ])
    const worse = { ...collectors, alarmed: 2, worst_spool_used_ratio: 0.6 }
    expect(codes(wellFacts({ collectors: worse }))).toEqual([
      'failing collectors_alarm',
      'warning spool_full',
    ])
  })

  test('settling that is behind or fails is said', () => {
    expect(codes(wellFacts({ settledUntilMs: NOW_MS - 400_000 }))).toEqual([
      'warning settle_behind',
    ])
    const settle = { ...ingestReport().settle, failure: 'too many parts' }
    const report = ingestReport()
    if (report.settle === null) throw new Error('a report that settles')
    const failing = { ...report, settle: { ...report.settle, failure: settle.failure } }
    expect(codes(wellFacts({ processes: [heard(failing)] }))).toEqual(['failing settle_failing'])
  })

  test('a ledger that does not add up fails it, with how many groups and one of them', () => {
    const settle = ingestReport().settle
    if (settle === null) throw new Error('the report settles')
    const example = '2026-05-01T21:20:00.000Z ledger_1m / ledger_1m_group: model H100: states'
    const ledger = { runs: 3, seconds: 1, broken_groups: 2, example, failing: false }
    const report = ingestReport({ settle: { ...settle, ledger } })
    const verdict = judgePipeline(wellFacts({ processes: [heard(report)] }))
    expect(verdict.state).toBe('failing')
    expect(verdict.findings[0]).toMatchObject({
      code: 'ledger_broken',
      stage: 'settle',
      docs: 'docs/pipeline.md#ledger',
      message: expect.stringContaining(`2 groups, such as ${example}`),
    })
  })

  test('every finding says what to do next in both languages, and its page has that heading', () => {
    const page = readFileSync(new URL('../docs/pipeline.md', import.meta.url), 'utf8')
    const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, title = '']) => title.toLowerCase())
    for (const [code, { docs, next, message }] of Object.entries(FINDINGS)) {
      expect([code, headings.includes(docs)]).toEqual([code, true])
      const said: (...values: readonly string[]) => { en: string; zh: string } = message
      const { en, zh } = said('a', 'b', 'c', 'd')
      expect(`${zh}${next.zh}`).toMatch(/[\u4e00-\u9fff]/)
      expect(`${en}${next.en}`).not.toMatch(/[\u4e00-\u9fff]|undefined/)
    }
  })

  test('lengths of time and shares are said as people say them', () => {
    expect([35, 300, 7_200, 200_000].map((s) => spanOf(s).en)).toEqual([
      '35 s',
      '5 min',
      '2 h',
      '2 d',
    ])
    expect(percentOf(0.9567)).toBe('95.6 %')
  })
})

describe('who reports', () => {
  test('is silent after two and a half intervals', () => {
    const status = (ageMs: number) =>
      processesOf([ingestReport({ at_ms: NOW_MS - ageMs })], null, NOW_MS)[0]?.status
    expect([status(25_000), status(25_001)]).toEqual(['reporting', 'silent'])
  })

  test('a process whose shards another one has taken over is no longer told of', () => {
    const old = ingestReport({ process: 'old/shard 0', at_ms: NOW_MS - 3_600_000 })
    const taker = ingestReport({
      process: 'new/shard 0-1',
      shards: [shardReport({ shard: 0 }), shardReport({ shard: 1 })],
    })
    const names = (reports: Parameters<typeof processesOf>[0]) =>
      processesOf(reports, null, NOW_MS).map(({ report }) => report.process)
    expect(names([old, taker])).toEqual(['new/shard 0-1'])
    const other = ingestReport({
      process: 'old/shard 5',
      at_ms: NOW_MS - 3_600_000,
      shards: [shardReport({ shard: 5 })],
    })
    expect(names([other, taker])).toEqual(['old/shard 5', 'new/shard 0-1'])
  })

  test('what this process knows of itself replaces what the store has of it', () => {
    const own = ingestReport({ at_ms: NOW_MS })
    const all = processesOf([ingestReport({ at_ms: NOW_MS - 90_000 })], own, NOW_MS)
    expect(all).toEqual([{ report: own, status: 'reporting', inProcess: true }])
  })

  test('a lag that one process does not know is no total', () => {
    const known = heard(ingestReport({ shards: [shardReport({ lag_messages: 5 })] }))
    expect(lagMessages([known, known])).toBe(10)
    expect(lagMessages([known, heard(ingestReport(), { status: 'silent' })])).toBeNull()
    expect(
      lagMessages([known, heard(ingestReport({ shards: [shardReport({ lag_messages: null })] }))]),
    ).toBeNull()
    expect(lagMessages([])).toBeNull()
  })

  test('a report that cannot be read is left out, not shown half', () => {
    const good = JSON.stringify(ingestReport())
    expect(
      readReports([{ report: good }, { report: '{' }, { report: '{"process":"x"}' }]),
    ).toHaveLength(1)
  })
})
