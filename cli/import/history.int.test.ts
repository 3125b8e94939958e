import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../../ingest/engine/engine.testing.ts'
import { connectStore } from '../../ingest/store/store.ts'
import type { Invocation } from '../command.ts'
import { run as importCountsCommand } from './counts.ts'
import { run as importSamplesCommand } from './samples.ts'

const COUNTS = [
  'time,pool,total,running',
  '2020-05-01 00:00:00,a,4,1',
  '2020-05-01 00:00:00,b,2,2',
  '2020-05-01 00:01:00,a,4,3',
  '2020-05-01 00:01:00,b,2,3',
  '2020-05-01 00:02:00,a,3,3',
  '2020-05-01 00:02:00,b,2,0',
].join('\n')
const COUNTS_MAP = `
time: { column: time, zone: Asia/Shanghai }
group: { column: pool }
total: total
running: running
dimensions: { cluster: lab }
`
const SAMPLES_MAP = `
time: { column: time, zone: UTC }
scope: node
dimensions: { node: { column: pool } }
metrics: { load_1m: { column: running } }
`

describe('plimsoll import into a data set', () => {
  let engine: TestEngine
  let folder: string
  const printed: string[] = []
  beforeAll(async () => {
    engine = await startTestEngine()
    folder = await mkdtemp(join(tmpdir(), 'plimsoll-import-'))
    await writeFile(join(folder, 'counts.csv'), COUNTS)
    await writeFile(join(folder, 'counts.yaml'), COUNTS_MAP)
    await writeFile(join(folder, 'samples.yaml'), SAMPLES_MAP)
  })
  afterAll(async () => {
    await engine.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const invocation = (options: Readonly<Record<string, string>>, files: string[]): Invocation => {
    const url = new URL(engine.url)
    Object.assign(url, { username: engine.user, password: engine.password, pathname: '/site' })
    const given: Readonly<Record<string, string>> = { clickhouse: url.href, ...options }
    return {
      option: (name) => given[name],
      options: () => [],
      flag: () => false,
      positionals: ['word', ...files.map((file) => join(folder, file))],
      env: {},
      print: (line) => printed.push(line),
    }
  }
  const map = (name: string) => join(folder, name)
  const inDataset = async (sql: string) => {
    const { url, user, password } = engine
    const store = connectStore({ url, user, password, database: 'site_tiny' })
    try {
      return await store.query(sql)
    } finally {
      await store.close()
    }
  }

  it('makes a database of its own that keeps everything, and settles what is held', async () => {
    const options = { dataset: 'tiny', map: map('counts.yaml') }
    expect(await importCountsCommand(invocation(options, ['counts.csv']))).toBe(0)
    expect(printed.splice(0)).toEqual([
      'counts.csv: 5 rows, 15 samples of 6 devices, 2020-04-30T16:00:00.000Z to 2020-04-30T16:03:00.000Z',
      '  left out: 1 x more run than there are',
      '    counts.csv:5: more run than there are: "3>2"',
      '3 minutes settled in the database site_tiny',
    ])
    expect(
      await inDataset(
        `SELECT name FROM system.tables WHERE database = 'site_tiny'
         AND engine LIKE '%MergeTree' AND create_table_query LIKE '% TTL %'`,
      ),
    ).toEqual([])
    // The second row of b is refused: its minute is bridged with the one before, as any short gap is.
    expect(
      await inDataset(
        `SELECT pool, sum(capacity_ms) AS capacity, sum(known_ms) AS known, sum(busy_ms_x1000) AS busy
         FROM ledger_1m GROUP BY pool ORDER BY pool`,
      ),
    ).toEqual([
      { pool: 'a', capacity: '660000', known: '660000', busy: '420000000' },
      { pool: 'b', capacity: '360000', known: '360000', busy: '240000000' },
    ])
    expect(
      await inDataset(
        `SELECT holder, count() AS spans, sum(dateDiff('second', from_at, to_at)) AS seconds
         FROM allocations FINAL GROUP BY holder ORDER BY holder`,
      ),
    ).toEqual([
      { holder: 'a', spans: '3', seconds: '420' },
      { holder: 'b', spans: '2', seconds: '120' },
    ])
  })

  it('changes nothing the second time', async () => {
    const options = { dataset: 'tiny', map: map('counts.yaml') }
    await importCountsCommand(invocation(options, ['counts.csv']))
    expect(printed.splice(0)[0]).toContain('(15 of them were stored before)')
  })

  it('takes node samples without a ledger', async () => {
    const options = { dataset: 'tiny', map: map('samples.yaml') }
    await importSamplesCommand(invocation(options, ['counts.csv']))
    expect(printed.splice(0)).toEqual([
      'counts.csv: 6 rows, 6 samples, 2020-05-01T00:00:00.000Z to 2020-05-01T00:03:00.000Z',
      '0 minutes settled in the database site_tiny',
    ])
  })

  it('refuses a name that is none, a mapping with a wrong key and a file that is not there', async () => {
    const ok = { dataset: 'tiny', map: map('counts.yaml') }
    await expect(
      importCountsCommand(invocation({ ...ok, dataset: 'a; DROP' }, ['counts.csv'])),
    ).rejects.toMatchObject({ code: 'E_HISTORY_INVALID' })
    await expect(importSamplesCommand(invocation({ ...ok }, ['counts.csv']))).rejects.toMatchObject(
      { code: 'E_IMPORT_INVALID', message: /counts\.yaml:3:1: group: unknown/ },
    )
    await expect(importCountsCommand(invocation(ok, ['none.csv']))).rejects.toThrow(
      'none.csv cannot',
    )
    await expect(importCountsCommand(invocation(ok, []))).rejects.toThrow('at least one CSV file')
    await expect(
      importCountsCommand(invocation({ map: map('counts.yaml') }, ['counts.csv'])),
    ).rejects.toThrow('give --dataset')
  })
})
