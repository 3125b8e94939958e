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
    devices: result.devices.map(({ keys, model, index, bus, metrics, labels, failed }) => ({
      keys,
      model,
      index,
      bus,
      metrics: Object.fromEntries(Object.entries(metrics).filter(([, value]) => value !== null)),
      labels,
      failed,
    })),
    rejected: result.rejectedByReason,
    ignored: result.ignored,
    tool: result.toolLabels,
  }
}

describe('every case is read as its expected.json says', () => {
  it.each(cases)('%s', (name) => {
    const expected: unknown = JSON.parse(
      readFileSync(new URL(`${name}/expected.json`, folder), 'utf8'),
    )
    const result = interpret(readFileSync(new URL(`${name}/input.txt`, folder)))
    expect(pinned(result)).toEqual(expected)
    for (const device of result.devices) expect(device.vendor).toBe('kunlunxin')
    if (result.outcome !== 'ok') expect(result.detail).toMatch(/\w+ \w+ \w+/)
  })
})
