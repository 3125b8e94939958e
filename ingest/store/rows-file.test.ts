import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createRowsFiles } from './rows-file.ts'

const URL_HERE = 'http://127.0.0.1:8123'
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-rows-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

it('writes all pieces in order, however many, and removes them when asked', async () => {
  const files = createRowsFiles(URL_HERE)
  expect(await files.write([Buffer.from('x')])).toBeNull()
  files.learn({ 'x-plimsoll-rows-folder': folder })
  const pieces = Array.from({ length: 1_500 }, (_, index) => Buffer.from(`${index},`))
  const file = await files.write(pieces)
  expect(await readFile(join(folder, file?.name ?? ''))).toEqual(Buffer.concat(pieces))
  await file?.remove()
  expect(await readdir(folder)).toEqual([])
})

it('leaves rows to the socket for a while when the folder cannot be written', async () => {
  let nowMs = 0
  const files = createRowsFiles(URL_HERE, () => nowMs)
  const elsewhere = { 'x-plimsoll-rows-folder': join(folder, 'not-here') }
  files.learn(elsewhere)
  expect(await files.write([Buffer.from('x')])).toBeNull()
  files.learn({ 'x-plimsoll-rows-folder': folder })
  expect(await files.write([Buffer.from('x')])).toBeNull()
  nowMs = 600_001
  files.learn({ 'x-plimsoll-rows-folder': folder })
  expect(await files.write([Buffer.from('x')])).not.toBeNull()
})

it('puts nothing where another machine, or no absolute path, says', async () => {
  const far = createRowsFiles('http://db.example:8123')
  far.learn({ 'x-plimsoll-rows-folder': folder })
  expect(await far.write([Buffer.from('x')])).toBeNull()
  const near = createRowsFiles(URL_HERE)
  near.learn({ 'x-plimsoll-rows-folder': 'somewhere' })
  expect(await near.write([Buffer.from('x')])).toBeNull()
  expect(await readdir(folder)).toEqual([])
})
