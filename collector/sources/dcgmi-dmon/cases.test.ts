import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import source from './source.ts'

/** Each folder is named by hardware and version and holds text of the tool and what we read in it. */
const root = join(import.meta.dirname, 'testcases')

describe('output of known hardware and versions', () => {
  for (const name of readdirSync(root)) {
    it(`${name} is read as expected`, () => {
      const bytes = readFileSync(join(root, name, 'input.txt'))
      const expected: unknown = JSON.parse(readFileSync(join(root, name, 'expected.json'), 'utf8'))
      const { outcome, reason, devices, links, rejectedByReason, rejected, ignored } =
        source.interpret(bytes)
      expect({
        outcome,
        reason,
        devices,
        links,
        rejectedByReason,
        ignored,
        rejected: rejected.map((line) => line.reason),
      }).toEqual(expected)
      expect(source.recognize(bytes)).toBeGreaterThanOrEqual(0.7)
    })
  }
})
