import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import source from './source.ts'

/** Each folder is named by hardware and version and holds a page and what we read in it. */
const root = join(import.meta.dirname, 'testcases')

describe('pages of known hardware and versions', () => {
  for (const name of readdirSync(root)) {
    it(`${name} is read as expected`, () => {
      const page = readFileSync(join(root, name, 'input.prom'))
      const expected: unknown = JSON.parse(readFileSync(join(root, name, 'expected.json'), 'utf8'))
      const read = source.interpret(page)
      const { outcome, reason, devices, links = [], events } = read
      const { rejectedByReason, rejected, ignored, toolLabels } = read
      expect({
        outcome,
        reason,
        devices,
        ...(links.length === 0 ? {} : { links }),
        ...(events.length === 0 ? {} : { events }),
        rejectedByReason,
        ignored,
        toolLabels,
        rejected: rejected.map((line) => line.reason),
      }).toEqual(expected)
      expect(source.recognize(page)).toBeGreaterThan(0.8)
    })
  }
})
