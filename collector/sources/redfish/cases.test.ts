import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import source from './source.ts'

/** Each folder holds an answer, written for this project, and what is read in it. */
const root = join(import.meta.dirname, 'testcases')

it.each(readdirSync(root))('%s is read as expected', (name) => {
  const bytes = readFileSync(join(root, name, 'input.json'))
  const expected: unknown = JSON.parse(readFileSync(join(root, name, 'expected.json'), 'utf8'))
  const { outcome, reason, meters = [], rejectedByReason, ignored } = source.interpret(bytes)
  const said = meters.map(({ point, metrics, atMs, energyResetMs }) => ({
    point,
    metrics,
    ...(atMs === undefined ? {} : { atMs }),
    ...(energyResetMs === undefined ? {} : { energyResetMs }),
  }))
  expect({ outcome, reason, meters: said, rejected: rejectedByReason, ignored }).toEqual(expected)
})
