import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Interpretation } from '#schemas/reading.ts'
import { readMeters } from '../../meter-samples.ts'
import { targetRead } from '../../read.testing.ts'
import type { SourceIo } from '../../source.ts'
import { SIMULATED_HEADER, writeExport, writeRow } from './simulate.ts'
import { createMeterCsvSource } from './source.ts'

/** Real files in a temporary folder. */

let root = ''
let folder = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'plimsoll-csv-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'case-'))
})

const T0 = Date.parse('2026-03-01T10:00:00Z')
const row = (at: number, meter = 'feed-a') => ({
  atMs: T0 + at * 900_000,
  meter,
  powerKilowatts: 100 + at,
  energyKilowattHours: 1000 + at,
})
const file = (name: string) => join(folder, name)

const NO_IO: SourceIo = {
  run: () => Promise.reject(new Error('no commands here')),
  stream: () => 'busy',
  get: () => Promise.reject(new Error('no pages here')),
  hasCommand: () => Promise.resolve(false),
}

/** A collector process that reads the folder. */
function start(options: Record<string, unknown> = {}, path = folder) {
  const source = createMeterCsvSource()
  const config = source.config.parse({ path, ...options })
  const memory = new Map<string, unknown>()
  const target = { address: path, node: 'n1' }
  const read = () => source.read({ io: NO_IO, target, config, nowMs: T0, timeoutMs: 5000, memory })
  const steps = async () => stepsOf(await read())
  return { source, config, read, steps }
}

/** Which quarter hours came, by the power they were given. */
const stepsOf = ({ meters = [] }: Interpretation) =>
  meters.map(({ metrics }) => (metrics.power_watts ?? 0) / 1000 - 100)

describe('files that grow', () => {
  it('what was added is read once, with its own times; half a line waits', async () => {
    await writeFile(file('a.csv'), writeExport([row(0), row(1)]))
    const { read, steps } = start()
    const first = await read()
    expect(stepsOf(first)).toEqual([0, 1])
    expect(first.meters?.[1]).toEqual({
      meter: 'feed-a',
      point: '',
      metrics: { power_watts: 101_000, energy_joules_total: 1001 * 3.6e6 },
      atMs: T0 + 900_000,
      isTimeOwn: true,
      stepMs: 900_000,
    })
    expect(await steps()).toEqual([])
    const line = `${writeRow(row(2))}\n`
    await appendFile(file('a.csv'), line.slice(0, 20))
    expect(await steps()).toEqual([])
    await appendFile(file('a.csv'), line.slice(20))
    expect(await steps()).toEqual([2])
  })

  it('a last line without an end is taken when the file stays as it is', async () => {
    await writeFile(file('a.csv'), writeExport([row(0)]).trimEnd())
    const { steps } = start()
    expect([await steps(), await steps(), await steps()]).toEqual([[], [0], []])
  })

  it('a file that was renamed goes on; the new one of its name begins', async () => {
    await writeFile(file('a.csv'), writeExport([row(0)]))
    const { steps } = start({ pattern: 'a.csv*' })
    expect(await steps()).toEqual([0])
    await appendFile(file('a.csv'), `${writeRow(row(1))}\n`)
    await rename(file('a.csv'), file('a.csv.1'))
    await writeFile(file('a.csv'), writeExport([row(2)]))
    expect((await steps()).toSorted((a, b) => a - b)).toEqual([1, 2])
    expect(await steps()).toEqual([])
  })

  it('a file that was truncated, or written anew in its place, begins anew', async () => {
    await writeFile(file('a.csv'), writeExport([row(0), row(1)]))
    const { steps } = start()
    await steps()
    await truncate(file('a.csv'))
    await appendFile(file('a.csv'), writeExport([row(2)]))
    expect(await steps()).toEqual([2])
    await writeFile(file('a.csv'), writeExport([row(5), row(6), row(7)]))
    expect(await steps()).toEqual([5, 6, 7])
  })

  it('a long file is read in parts, within what one read may bring', async () => {
    const many = Array.from({ length: 5000 }, (_, at) => row(at, `m-${at % 7}`))
    await writeFile(file('a.csv'), writeExport(many))
    const { read } = start()
    const seen: number[] = []
    for (let round = 0; round < 4; round++) seen.push(...stepsOf(await read()))
    expect(seen).toEqual(many.map((_, at) => at))
  })
})

describe('restarts', () => {
  it('with a file of positions nothing is read twice, but what was under way', async () => {
    await writeFile(file('a.csv'), writeExport([row(0), row(1)]))
    const options = { positions: join(folder, 'state', 'positions.json') }
    const before = start(options)
    expect(await before.steps()).toEqual([0, 1])
    await appendFile(file('a.csv'), `${writeRow(row(2))}\n`)
    expect(await before.steps()).toEqual([2])
    // The third row may not have left the process: it is read again, the first two are not.
    expect(await start(options).steps()).toEqual([2])
  })

  it('without one, or with a broken one, all is read again, which changes no sample', async () => {
    await writeFile(file('a.csv'), writeExport([row(0), row(1)]))
    const [one, two] = [await start().read(), await start().read()]
    expect(one.meters).toEqual(two.meters)
    await writeFile(file('p.json'), '{"version":1,"files":[{"key"')
    expect(await start({ positions: file('p.json') }).steps()).toEqual([0, 1])
  })
})

describe('what is wrong', () => {
  it('bad lines are counted with file and line, their neighbours are read', async () => {
    const good = writeRow(row(0))
    await writeFile(
      file('a.csv'),
      [SIMULATED_HEADER, good, 'x', `${good},9`, 'noon,m,1,2', good, ''].join('\n'),
    )
    const read = await start().read()
    expect(stepsOf(read)).toEqual([0, 0])
    expect(read.rejectedByReason).toEqual({ field_count: 2, no_time: 1 })
    expect(read.rejected.map(({ line }) => line)).toEqual([
      'a.csv line 3: 1 fields under 4 columns',
      'a.csv line 4: 5 fields under 4 columns',
      'a.csv line 5: time "noon"',
    ])
  })

  it('no file, no folder, a header that says nothing', async () => {
    expect(await start().read()).toMatchObject({ outcome: 'failed', reason: 'no_file' })
    expect(await start({}, join(folder, 'gone')).read()).toMatchObject({ reason: 'no_file' })
    await writeFile(file('a.csv'), 'kW,when\n1,2\n')
    const read = await start().read()
    expect(read).toMatchObject({ outcome: 'failed', reason: 'bad_header' })
    expect(read.detail).toContain('a.csv: no column holds the time')
    await writeFile(file('b.csv'), writeExport([row(0)]))
    expect((await start().read()).outcome).toBe('ok')
  })

  it('is looked for only where it is named', async () => {
    const { source, config } = start()
    expect((await source.detect(NO_IO, config, 'n1')).state).toBe('present')
    expect((await source.detect(NO_IO, source.config.parse({}), 'n1')).state).toBe('absent')
    const gone = source.config.parse({ path: join(folder, 'gone') })
    expect((await source.detect(NO_IO, gone, 'n1')).state).toBe('absent')
  })
})

it("a building system's export in Chinese, with local times eight hours off", async () => {
  // 时间;1号冷机功率;1号冷机电量 in GB 18030.
  const header = [0xca, 0xb1, 0xbc, 0xe4, 0x3b, 0x31, 0xba, 0xc5, 0xc0, 0xe4, 0xbb, 0xfa]
  const bytes = Uint8Array.from([
    ...header,
    ...new TextEncoder().encode('\n2026/3/1 18:00;1250,5\n'),
  ])
  await writeFile(file('bms.csv'), bytes)
  const { read } = start({
    time_zone: 'Asia/Shanghai',
    encoding: 'gb18030',
    decimal: ',',
    columns: { 时间: 'time', '1号冷机': { metric: 'power_watts', unit: 'kW', meter: 'chiller-1' } },
  })
  const got = await read()
  expect(got.meters).toMatchObject([
    { meter: 'chiller-1', atMs: T0, metrics: { power_watts: 1_250_500 } },
  ])
  const said = { meters: got.meters ?? [] }
  const { samples, rejected } = readMeters(targetRead(T0 + 86_400_000, [], { said }))
  expect(rejected).toEqual({})
  expect(samples).toMatchObject([{ at_ms: T0, step_ms: 900_000, meter: 'chiller-1' }])
})

it('options say what is wrong with them', () => {
  const refusals = (options: unknown) =>
    createMeterCsvSource()
      .config.safeParse(options)
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
      .join('; ')
  expect(refusals({ time_zone: 'Mars' })).toContain('must be a time zone')
  expect(refusals({ step: '2h' })).toContain('from 1s to 1h')
  expect(refusals({ names: { a: { metric: 'power_watts', unit: 'kWh' } } })).toContain(
    '"kWh" is no unit of power_watts, which is in watts',
  )
  expect(refusals({ meter: 'no good' })).toContain('must be the id of a meter')
})
