import { describe, expect, it } from 'vitest'
import { reading } from '../../example-source.testing.ts'
import { examine } from '../examine.ts'
import type { Facts } from '../facts.ts'
import { facts, found, read, source, target } from '../facts.testing.ts'
import type { FindingId } from '../finding.ts'

/** What the reads themselves tell: failures, gaps, refusals, profiling, values that stand still. */

const gpu = (index: number, more: Parameters<typeof reading>[0] | object = {}) =>
  reading({
    keys: [`uuid:GPU-${index}`],
    vendor: 'nvidia',
    model: 'NVIDIA H100 80GB HBM3',
    index,
    bus: `00000000:0${index}:00.0`,
    metrics: { power_watts: 300, energy_joules_total: 1000 + index, temperature_celsius: 50 },
    ...more,
  })
const dcgm = (devices: Parameters<typeof read>[0], more = {}) =>
  source('dcgm-exporter', { targets: [target('dcgm-exporter', read(devices), more)] })

const statusOf = (given: Partial<Facts>, id: FindingId) =>
  found(examine(facts(given)), id).map(({ status }) => status)
const wordsOf = (given: Partial<Facts>, id: FindingId) =>
  found(examine(facts(given)), id)
    .map(({ seen }) => seen.en)
    .join('\n')

describe('sources', () => {
  it.each([
    ['dcmi_-8005', /\/dev\/davinci/],
    ['dcmi_-8020', /exclusively/],
    ['http_500', /field or the GPU/],
    ['empty_page', /restart/],
    ['empty_table', /zeros/],
    ['refused', /start the exporter/],
  ])('that fail with %s say what to do', (reason, words) => {
    const first = read([], { said: { outcome: 'failed', reason, detail: 'as seen.' } })
    const [finding] = found(
      examine(facts({ sources: [source('x', { targets: [target('x', first)] })] })),
      'targets',
    )
    expect(finding).toMatchObject({ status: 'problem', subject: 'x' })
    if (finding?.status === 'problem') expect(finding.fix.en).toMatch(words)
  })

  it('that fail for a reason nobody listed pass on their own sentence', () => {
    const said = { outcome: 'failed', reason: 'new_thing', detail: 'Turn the key.' } as const
    const given = [source('x', { targets: [target('x', read([], { said }))] })]
    const [finding] = found(examine(facts({ sources: given })), 'targets')
    if (finding?.status === 'problem') expect(finding.fix.en).toBe('Turn the key.')
    expect(finding?.status).toBe('problem')
  })

  it('that are not here are quiet unless they were named', () => {
    const detection = { state: 'absent', looked: 'x on PATH' } as const
    expect(statusOf({ sources: [source('x', { detection })] }, 'source')).toEqual(['ok'])
    const named = [source('x', { detection, isNamed: true })]
    expect(statusOf({ sources: named }, 'source')).toEqual(['problem'])
  })

  it('that lack expected metrics name them, and refused values are counted', () => {
    const lacking = source('x', {
      expects: ['power_watts', 'npu_util_ratio'],
      targets: [target('x', read([gpu(1)], { outOfRange: { 'range:power_watts': 2 } }))],
    })
    expect(wordsOf({ sources: [lacking] }, 'expected-missing')).toMatch(/npu_util_ratio/)
    expect(wordsOf({ sources: [lacking] }, 'expected-missing')).not.toMatch(/power_watts/)
    expect(wordsOf({ sources: [lacking] }, 'rejected')).toMatch(/2 .*range:power_watts 2/)
  })
})

describe('profiling counters', () => {
  const withMetrics = (metrics: object, model = 'NVIDIA H100 80GB HBM3') => ({
    sources: [dcgm([gpu(1, { model, metrics: { gpu_util_ratio: 0.95, ...metrics } })])],
  })
  it.each([
    ['none', {}, 'warning'],
    ['the engine only', { gr_engine_active_ratio: 0.5 }, 'info'],
    ['both', { gr_engine_active_ratio: 0.5, sm_active_ratio: 0.4 }, 'ok'],
  ])('with %s', (_, metrics, status) => {
    expect(statusOf(withMetrics(metrics), 'profiling-off')).toEqual([status])
  })

  it('are not missed on boards and guests that never have them', () => {
    expect(statusOf(withMetrics({}, 'Tesla P100-PCIE-16GB'), 'profiling-off')).toEqual([])
    expect(statusOf(withMetrics({}, 'GRID A100-40C'), 'profiling-off')).toEqual([])
  })

  it('at exactly 0 on a busy device are stuck', () => {
    const given = withMetrics({ gr_engine_active_ratio: 0, sm_active_ratio: 0 })
    expect(statusOf(given, 'profiling-stuck')).toEqual(['warning'])
  })
})

describe('frozen', () => {
  const twice = (apartS: number, later = gpu(1), transport: 'http' | 'command' = 'http') => ({
    sources: [
      source('s', {
        transport,
        targets: [target('s', read([gpu(1)]), { second: read([later], { atS: apartS }) })],
      }),
    ],
  })
  it.each([
    [3, 'fresh', 'info'],
    [40, 'frozen', 'warning'],
    [95, 'frozen', 'problem'],
  ] as const)(
    'energy that stands still for %d s with a renewal of 30 s: %s %s',
    (s, id, status) => {
      expect(statusOf(twice(s), id)).toEqual([status])
    },
  )

  it('is not what counts energy on, nor what draws nothing', () => {
    const moved = gpu(1, { metrics: { power_watts: 300, energy_joules_total: 9999 } })
    expect(statusOf(twice(95, moved), 'frozen')).toEqual([])
    expect(statusOf(twice(95, moved), 'fresh')).toEqual(['ok'])
    const off = gpu(1, { metrics: { power_watts: 0, energy_joules_total: 1 } })
    const other = { ...off, metrics: { ...off.metrics, temperature_celsius: 30 } }
    const asleep = target('s', read([off]), { second: read([other], { atS: 95 }) })
    expect(statusOf({ sources: [source('s', { targets: [asleep] })] }, 'frozen')).toEqual([])
  })

  it('is a tool that repeats every value of several devices at once', () => {
    const chips = [1, 2].map((index) =>
      gpu(index, {
        metrics: { power_watts: 93.4, temperature_celsius: 41, memory_used_bytes: 1e9 },
      }),
    )
    const both = target('s', read(chips), { second: read(chips, { atS: 3 }) })
    const given = { sources: [source('s', { transport: 'command', targets: [both] })] }
    expect(statusOf(given, 'frozen')).toEqual(['warning'])
  })

  it('is a heart beat that stands still', () => {
    const beat = (count: number) =>
      gpu(1, { metrics: { heartbeat_total: count, power_watts: 90 + count } })
    const given = (later: number) => ({
      refreshMs: 1000,
      sources: [
        source('mlu-exporter', {
          targets: [target('m', read([beat(7)]), { second: read([beat(later)], { atS: 4 }) })],
        }),
      ],
    })
    expect(statusOf(given(7), 'heartbeat')).toEqual(['problem'])
    expect(statusOf(given(8), 'heartbeat')).toEqual([])
  })
})
