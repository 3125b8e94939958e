import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createAudit } from './audit.ts'
import { auditPage } from './audit-page.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-audit-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** A log of `count` lines, each long enough that a chunk of the file holds some hundred of them. */
async function logOf(count: number) {
  const path = join(folder, 'audit.jsonl')
  const audit = createAudit(path, () => Date.UTC(2026, 10, 23))
  for (let at = 1; at <= count; at += 1)
    await audit.record({
      who: at % 10 === 0 ? 'ada' : 'wang',
      role: 'operate',
      address: '10.0.0.1',
      action: at % 2 === 0 ? 'silence' : 'alert_ack',
      target: `line ${at} ${'值'.repeat(80)}`,
      outcome: 'done',
    })
  return path
}

it('is read from its end over chunks and pages, whole characters and all lines', async () => {
  const path = await logOf(230)
  const seen: number[] = []
  let before: number | undefined
  for (;;) {
    const page = await auditPage(path, { limit: 50, ...(before === undefined ? {} : { before }) })
    expect(page.broken_at).toBeNull()
    seen.push(...page.lines.map(({ seq }) => seq))
    if (page.next_before === null) break
    before = page.next_before
  }
  expect(seen).toEqual(Array.from({ length: 230 }, (_line, at) => 230 - at))
  const ada = await auditPage(path, { limit: 200, who: 'ada', action: 'silence', outcome: 'done' })
  expect(ada.lines).toHaveLength(23)
  expect(ada.lines[0]?.target).toMatch(/^line 230 值{80}$/)
})

it('says where somebody changed it, and has nothing to say of a file that is not there', async () => {
  const path = await logOf(5)
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replace('line 3', 'line X'))
  expect((await auditPage(path, { limit: 50 })).broken_at).toBe(3)
  await writeFile(path, text.split('\n').toSpliced(1, 1).join('\n'))
  expect((await auditPage(path, { limit: 50 })).broken_at).toBe(1)
  const nothing = { lines: [], next_before: null, broken_at: null }
  expect(await auditPage(join(folder, 'none'), { limit: 50 })).toEqual(nothing)
})
