import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Interpretation } from '#schemas/reading.ts'
import { interpret, interpretOutput } from './interpret.ts'
import { recognizeText } from './recognize.ts'

const folder = new URL('./testcases/', import.meta.url)
const cases = readdirSync(folder)

function inputOf(name: string): Uint8Array {
  const file = readdirSync(new URL(`${name}/`, folder)).find((each) => each.startsWith('input'))
  return readFileSync(new URL(`${name}/${file}`, folder))
}

/** What a case pins: everything but the wording for people and the lists of ignored names; nulls are left out. */
function pinned(result: Interpretation): unknown {
  return {
    outcome: result.outcome,
    reason: result.reason,
    devices: result.devices.map((device) => ({
      keys: device.keys,
      model: device.model,
      index: device.index,
      bus: device.bus,
      ...(device.partition === null ? {} : { parent: device.parent, partition: device.partition }),
      metrics: Object.fromEntries(
        Object.entries(device.metrics).filter(([, value]) => value !== null),
      ),
      labels: device.labels,
      failed: device.failed,
    })),
    ...(result.links === undefined ? {} : { links: result.links }),
    events: result.events.map(({ device_key, type, code, severity, edge }) => ({
      device_key,
      type,
      code,
      severity,
      edge,
    })),
    rejected: result.rejectedByReason,
    tool: result.toolLabels,
  }
}

describe('every case is read as its expected.json says', () => {
  it.each(cases)('%s', (name) => {
    const expected: unknown = JSON.parse(
      readFileSync(new URL(`${name}/expected.json`, folder), 'utf8'),
    )
    const result = interpret(inputOf(name))
    expect(pinned(result)).toEqual(expected)
    for (const device of result.devices) {
      expect(device.vendor).toBe('nvidia')
      expect(device.metrics.busy_ratio).toBeUndefined()
    }
    if (result.outcome !== 'ok') expect(result.detail).toMatch(/\w+ \w+.*:/s)
    for (const event of result.events) expect(event.action_zh).toMatch(/\p{Script=Han}/u)
  })

  it.each(cases.filter((name) => /^(?:csv|xml|q)-/.test(name) && name !== 'csv-noheader'))(
    '%s is recognized, and read the same when its form is named',
    (name) => {
      const bytes = inputOf(name)
      const found = recognizeText(new TextDecoder().decode(bytes))
      expect(name.startsWith(found.shape)).toBe(true)
      expect(found.sureness).toBeGreaterThanOrEqual(0.9)
      if (found.shape !== 'csv' && found.shape !== 'xml' && found.shape !== 'q') return
      const named = interpretOutput(bytes, { form: found.shape })
      expect(named.source).toBe(`nvidia-smi-${found.shape}`)
      expect(named.devices).toEqual(interpret(bytes).devices)
    },
  )

  it('an output of another form than the named one is refused in plain words', () => {
    const named = interpretOutput(inputOf('q-610-H200'), { form: 'xml' })
    expect(named).toMatchObject({ outcome: 'failed', reason: 'other_format', devices: [] })
    expect(named.detail).toContain('not the xml form')
  })
})
