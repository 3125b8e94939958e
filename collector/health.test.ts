import { describe, expect, it } from 'vitest'
import { TargetRecord } from '#schemas/records.ts'
import { reading } from './example-source.testing.ts'
import { createHealth } from './health.ts'
import { T0, targetRead } from './read.testing.ts'
import { toTarget } from './targets/target.ts'

function world() {
  const told: TargetRecord[] = []
  const health = createHealth((record) => told.push(TargetRecord.parse(record)))
  return { told, health }
}
const nothing = { rejected: {}, examples: [], values: [] }
const gpu = reading({ keys: ['uuid:1'], metrics: { power_watts: 1, temperature_celsius: null } })
const failed = (reason: string) =>
  ({ said: { outcome: 'failed', reason, detail: 'what to do' } }) as const

describe('collection health', () => {
  it('a dead target is one line: at the change, then once a minute', () => {
    const { told, health } = world()
    health.observe(targetRead(T0, [gpu]), nothing)
    for (let n = 1; n <= 18; n++)
      health.observe(targetRead(T0 + n * 10_000, [], failed('refused')), nothing)
    expect(told.map(({ outcome, at_ms }) => [outcome, (at_ms - T0 - 300) / 1000])).toEqual([
      ['ok', 0],
      ['failed', 10],
      ['failed', 70],
      ['failed', 130],
    ])
    expect(told[3]).toMatchObject({
      reason: 'refused',
      since_ms: T0 + 10_300,
      last_ok_ms: T0 + 300,
      detail: 'what to do',
      devices: 0,
    })
    expect(health.stats()).toMatchObject({ ok: 0, failed: 1 })
    expect(health.lines()).toHaveLength(1)
  })

  it('another reason is a change, the same one is not', () => {
    const { told, health } = world()
    for (const reason of ['timeout', 'timeout', 'http_500', 'timeout'])
      health.observe(targetRead(T0 + told.length, [], failed(reason)), nothing)
    expect(told.map(({ reason }) => reason)).toEqual(['timeout', 'http_500', 'timeout'])
  })

  it('refusals of parser and range check are summed; examples are few and short', () => {
    const { told, health } = world()
    const rejected = Array.from({ length: 50 }, () => ({
      line: 'x\u001b[2J'.repeat(500),
      reason: 'cut',
    }))
    const said = { rejected, rejectedByReason: { cut: 50 } }
    for (let n = 0; n < 7; n++)
      health.observe(targetRead(T0 + n * 10_000, [gpu], { said }), {
        rejected: { 'range:power_watts': 1 },
        examples: [],
        values: [],
      })
    expect(told.at(-1)?.rejected).toEqual({ cut: 350, 'range:power_watts': 7 })
    expect(told.at(-1)?.examples).toHaveLength(8)
    expect(told.at(-1)?.examples[0]?.line).toHaveLength(512)
    expect(told.at(-1)?.examples[0]?.line).not.toContain('\u001b')
    expect(told.at(-1)).toMatchObject({ devices: 1, readings: 1, bytes: 1000 })
    expect(health.stats().rejected).toBe(357)
  })

  it('reasons without end are summed as other', () => {
    const { told, health } = world()
    for (let n = 0; n < 500; n++)
      health.observe(
        targetRead(T0 + n * 60_000, [gpu], { said: { rejectedByReason: { [`r${n}`]: 1 } } }),
        nothing,
      )
    expect(Object.keys(told.at(-1)?.rejected ?? {}).length).toBeLessThanOrEqual(65)
    expect(told.at(-1)?.rejected.other).toBe(436)
  })

  it('secrets of an address are not shown', () => {
    const { told, health } = world()
    const target = toTarget('http://me:hunter2@n1:9400/m?key=hunter2', {}, 'me')
    health.observe(targetRead(T0, [gpu], { target }), nothing)
    expect(JSON.stringify(told)).not.toContain('hunter2')
  })

  it('a target that is taken off its list says so once, so that it does not look like a dead collector', () => {
    const { told, health } = world()
    const read = targetRead(T0, [gpu])
    health.observe(read, nothing)
    health.forgetTarget(read.id)
    health.forgetTarget(read.id)
    expect(told).toHaveLength(2)
    expect(told[1]).toMatchObject({ outcome: 'absent', reason: 'removed', devices: 0 })
    expect(told[1]?.at_ms).toBeGreaterThan(told[0]?.at_ms ?? 0)
    expect(health.lines()).toEqual([])
  })

  it('fields, missing and vanished ones travel with the line; a failed read keeps what was last given', () => {
    const told: TargetRecord[] = []
    const health = createHealth(
      (record) => told.push(TargetRecord.parse(record)),
      () => ['power_watts', 'energy_joules_total'],
    )
    const version = (exporter_version: string) => ({ said: { toolLabels: { exporter_version } } })
    const result = (values: Record<string, number>) => ({ ...nothing, values: [values] })
    health.observe(targetRead(T0, [gpu], version('1')), result({ power_watts: 1, fan_ratio: 1 }))
    for (let n = 1; n <= 12; n++)
      health.observe(targetRead(T0 + n * 10_000, [gpu], version('2')), result({ power_watts: 1 }))
    expect(
      told.map(({ at_ms, vanished }) => [(at_ms - T0 - 300) / 1000, vanished?.length]),
    ).toEqual([
      [0, 0],
      [10, 0],
      [60, 1],
      [120, 1],
    ])
    expect(told.at(-1)).toMatchObject({
      fields: { power_watts: 1 },
      missing: ['energy_joules_total'],
      vanished: [{ metric: 'fan_ratio', last_ms: T0 + 300, version: '1' }],
      tool: { exporter_version: '2' },
    })
    health.observe(targetRead(T0 + 130_000, [], failed('timeout')), nothing)
    expect(told.at(-1)).toMatchObject({ outcome: 'failed', fields: { power_watts: 1 } })
  })
})
