import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import source from './source.ts'

/** Each folder is named by card and exporter version and holds a page and what we read in it. */
const root = join(import.meta.dirname, 'testcases')

/** Nulls mean the same as absent: expected files leave them out. */
const spoken = (metrics: object) =>
  Object.fromEntries(Object.entries(metrics).filter(([, value]) => value !== null))

describe('pages of known products and versions', () => {
  it.each(readdirSync(root))('%s is read as expected', (name) => {
    const page = readFileSync(join(root, name, 'input.prom'))
    const expected: unknown = JSON.parse(readFileSync(join(root, name, 'expected.json'), 'utf8'))
    const read = source.interpret(page)
    expect({
      outcome: read.outcome,
      reason: read.reason,
      devices: read.devices.map((device) => ({ ...device, metrics: spoken(device.metrics) })),
      links: (read.links ?? []).map((link) => ({ ...link, metrics: spoken(link.metrics) })),
      events: read.events.map((event) => ({
        at_ms: event.at_ms,
        device_key: event.device_key,
        type: event.type,
        code: event.code,
        severity: event.severity,
        edge: event.edge,
        message: event.message,
        fault_class: event.fault_class,
      })),
      rejected: read.rejectedByReason,
      ignored: read.ignored,
      toolLabels: read.toolLabels,
    }).toEqual(expected)
    expect(source.recognize(page)).toBeGreaterThan(0.8)
    for (const device of read.devices) expect(device.vendor).toBe('cambricon')
    if (read.outcome !== 'ok') expect(read.detail).toMatch(/\w+ \w+/)
  })
})
