import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import source from './source.ts'

/** Each folder is named by what was constructed in it and holds a body and what we read in it. */
const root = join(import.meta.dirname, 'testcases')
const inputOf = (name: string) =>
  readdirSync(join(root, name)).find((file) => file.startsWith('input')) ?? ''

describe('bodies', () => {
  it.each(readdirSync(root))('%s is read as expected', (name) => {
    const expected: unknown = JSON.parse(readFileSync(join(root, name, 'expected.json'), 'utf8'))
    const read = source.interpret(readFileSync(join(root, name, inputOf(name))))
    expect({
      outcome: read.outcome,
      reason: read.reason,
      meters: read.meters ?? [],
      rejected: read.rejectedByReason,
      lines: read.rejected.map(({ line }) => line),
    }).toEqual(expected)
  })
})
