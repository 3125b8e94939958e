import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import source from './source.ts'

/** Each folder is named by card and tool version and holds an output and what we read in it. */
const root = join(import.meta.dirname, 'testcases')

/** Nulls mean the same as absent: expected files leave them out. */
const spoken = (metrics: object) =>
  Object.fromEntries(Object.entries(metrics).filter(([, value]) => value !== null))

describe('outputs of known cards and versions', () => {
  it.each(readdirSync(root))('%s is read as expected', (name) => {
    const output = readFileSync(join(root, name, 'input.txt'))
    const expected: unknown = JSON.parse(readFileSync(join(root, name, 'expected.json'), 'utf8'))
    const read = source.interpret(output)
    expect({
      outcome: read.outcome,
      reason: read.reason,
      devices: read.devices.map((device) => ({ ...device, metrics: spoken(device.metrics) })),
      links: read.links ?? [],
      events: read.events,
      rejected: read.rejectedByReason,
      ignored: read.ignored,
      toolLabels: read.toolLabels,
    }).toEqual(expected)
    for (const device of read.devices) expect(device.vendor).toBe('cambricon')
    if (read.outcome !== 'ok') expect(read.detail).toMatch(/\w+ \w+.*[.]$/)
  })
})
