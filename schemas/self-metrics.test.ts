import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseExposition } from '../collector/formats/exposition.ts'
import {
  processFamilies,
  renderExposition,
  roleMetrics,
  SELF_METRICS,
} from '#schemas/self-metrics.ts'

const read = (text: string) => {
  const refused: string[] = []
  const page = parseExposition(new TextEncoder().encode(text), (line) => refused.push(line))
  return { ...page, refused }
}

test('our own reader of vendors takes every line, with HELP before it and labels as they were', () => {
  const evil = 'a "quoted" \\ name\nof two lines'
  const text = renderExposition([
    { name: 'ingest_watched_disk_used_ratio', samples: [{ labels: { disk: evil }, value: 0.5 }] },
    ...processFamilies({ version: '1', startedAtMs: 1_000, rssBytes: 5, cpuSeconds: 0.25 }),
  ])
  const { rows, help, refused } = read(text)
  expect(refused).toEqual([])
  expect(rows).toContainEqual(
    expect.objectContaining({
      name: 'plimsoll_ingest_watched_disk_used_ratio',
      labels: { disk: evil },
      value: 0.5,
    }),
  )
  for (const { name } of rows) expect(help.has(name)).toBe(true)
  expect(rows.find(({ name }) => name === 'plimsoll_process_start_time_seconds')?.value).toBe(1)
})

test('a histogram is cumulative, ends with +Inf, and its count is that of +Inf', () => {
  const labels = { shard: '0' }
  const histogram = { labels, bounds: [0.1, 1], counts: [2, 0, 3], sum: 31.5 }
  const text = renderExposition([
    { name: 'ingest_insert_duration_seconds', histograms: [histogram] },
  ])
  expect(text).toContain('# TYPE plimsoll_ingest_insert_duration_seconds histogram\n')
  const { rows, refused } = read(text)
  expect(refused).toEqual([])
  const name = 'plimsoll_ingest_insert_duration_seconds'
  expect(rows.map((row) => [row.name, row.labels['le'] ?? '', row.value])).toEqual([
    [`${name}_bucket`, '0.1', 2],
    [`${name}_bucket`, '1', 2],
    [`${name}_bucket`, '+Inf', 5],
    [`${name}_sum`, '', 31.5],
    [`${name}_count`, '', 5],
  ])
})

test('a name appears once however many roles bring it, and what is not known not at all', () => {
  const health = { state: 'ok', metrics: { collector_devices: 8 } }
  const { families, others } = roleMetrics([
    { name: 'collector', health },
    { name: 'fleet', health: { ...health, metrics: { rows: 1 } } },
  ])
  const text = renderExposition(
    [...families, { name: 'bus_stream_max_bytes', samples: [] }],
    others,
  )
  expect(text.match(/# TYPE plimsoll_collector_devices /g)).toHaveLength(1)
  expect(text).toContain('plimsoll_fleet_rows 1\n')
  expect(text).toContain('plimsoll_role_state{role="collector",state="ok"} 1\n')
  expect(text).not.toContain('bus_stream_max_bytes')
})

test('names end in their unit, and a counter in _total', () => {
  for (const [name, { type }] of Object.entries(SELF_METRICS)) {
    expect([name, type === 'counter']).toEqual([name, name.endsWith('_total')])
    expect(name).not.toMatch(/(_ms|_percent|_mib|_kb)(_|$)/)
  }
})

test('docs/pipeline.md explains every name, and none that does not exist', () => {
  const page = readFileSync(new URL('../docs/pipeline.md', import.meta.url), 'utf8')
  const told = [...page.matchAll(/`plimsoll_([a-z_]+)`/g)].map(([, name = '']) => name)
  expect([...new Set(told)].toSorted()).toEqual(Object.keys(SELF_METRICS).toSorted())
})
