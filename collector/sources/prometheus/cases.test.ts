import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Interpretation } from '#schemas/reading.ts'
import source from './source.ts'

const folder = new URL('./testcases/', import.meta.url)
const cases = readdirSync(folder)

/** What a case pins: everything but the wording for people. */
function pinned(result: Interpretation): unknown {
  return {
    outcome: result.outcome,
    reason: result.reason,
    devices: result.devices.map(
      ({ keys, vendor, model, node, index, bus, holder, metrics, labels }) => ({
        keys,
        vendor,
        model,
        node,
        index,
        bus,
        holder,
        metrics,
        labels,
      }),
    ),
    nodes: result.nodes ?? [],
    links: result.links ?? [],
    // Most pages have no meters.
    ...(result.meters?.length === 0 ? {} : { meters: result.meters }),
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
    const result = source.interpret(readFileSync(new URL(`${name}/input.prom`, folder)))
    expect(pinned(result)).toEqual(expected)
    if (result.outcome !== 'ok') expect(result.detail).toMatch(/\w+ \w+ \w+/)
  })
})
