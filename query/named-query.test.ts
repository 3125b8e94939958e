import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { namedQuery } from './named-query.ts'

test('a statement is the one that the program started with, also when an upgrade replaces its file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-query-'))
  const path = join(folder, 'answer.sql')
  await writeFile(path, 'SELECT 1 AS answer')
  const file = pathToFileURL(path)
  const query = namedQuery({ file, params: z.strictObject({}), row: z.object({ answer: z.int() }) })
  await writeFile(path, 'SELECT 2 AS another_answer')
  const asked: string[] = []
  const reader = {
    async query(sql: string) {
      asked.push(sql)
      return [{ answer: 1 }]
    },
    ping: async () => true,
  }
  expect(await query.run(reader, {})).toEqual([{ answer: 1 }])
  expect(asked).toEqual(['SELECT 1 AS answer'])
  expect(query.name).toBe('answer')
  await rm(folder, { recursive: true })
})
