import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Interpretation } from '#schemas/reading.ts'
import { interpret } from './interpret.ts'

const folder = new URL('./testcases/', import.meta.url)
const cases = readdirSync(folder)

/** What a case pins: everything but the wording for people; nulls are left out as missing. */
function pinned(result: Interpretation): unknown {
  return {
    outcome: result.outcome,
    reason: result.reason,
    devices: result.devices.map((device) => ({
      keys: device.keys,
      model: device.model,
      index: device.index,
      bus: device.bus,
      metrics: Object.fromEntries(
        Object.entries(device.metrics).filter(([, value]) => value !== null),
      ),
      labels: device.labels,
      failed: device.failed,
    })),
    ...(result.links === undefined ? {} : { links: result.links }),
    events: result.events.map(({ device_key, code, severity, edge, message, fault_class }) => ({
      device_key,
      code,
      severity,
      edge,
      message,
      fault_class,
    })),
    rejected: result.rejectedByReason,
    ignored: result.ignored,
  }
}

describe('every case is read as its expected.json says', () => {
  it.each(cases)('%s', (name) => {
    const input = readFileSync(new URL(`${name}/input.txt`, folder))
    const expected: unknown = JSON.parse(
      readFileSync(new URL(`${name}/expected.json`, folder), 'utf8'),
    )
    const result = interpret(input)
    expect(pinned(result)).toEqual(expected)
    for (const device of result.devices) {
      expect(device.vendor).toBe('huawei')
      expect(device.metrics.busy_ratio).toBeUndefined()
    }
    for (const event of result.events)
      for (const text of [event.message_zh, event.action, event.action_zh])
        expect(text).toMatch(/\S/)
    if (result.outcome !== 'ok') expect(result.detail).toMatch(/\w+ \w+/)
  })
})
