import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { givenBody, prepareBodyFolder, receiveBody, removeOrphans } from './insert-body.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-body-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('a body arrives byte for byte', async () => {
  const bytes = Buffer.from([0, 255, 128, 10, 39])
  const path = join(folder, 'rows')
  expect(await receiveBody(Readable.from([bytes, bytes]), path)).toBe(10)
  expect(await readFile(path)).toEqual(Buffer.concat([bytes, bytes]))
})

test('a body that is too large, or breaks off, is refused and leaves no file', async () => {
  const path = join(folder, 'rows')
  const large = receiveBody(Readable.from([Buffer.alloc(6), Buffer.alloc(6)]), path, 10)
  await expect(large).rejects.toThrow(/TOO_MANY_BYTES/)
  const broken = Readable.from(
    (async function* () {
      yield Buffer.alloc(5)
      throw new Error('connection lost')
    })(),
  )
  await expect(receiveBody(broken, path)).rejects.toThrow('connection lost')
  expect(await readdir(folder)).toEqual([])
})

test('what a killed predecessor left is removed', async () => {
  const name = `plimsoll-body-test-${process.pid}`
  const first = await prepareBodyFolder(name, folder)
  await writeFile(join(first, 'left'), 'x')
  const second = await prepareBodyFolder(name, folder)
  expect(second).toBe(first)
  expect(await readdir(second)).toEqual([])
  await rm(second, { recursive: true })
})

test('rows that a client put there are taken by name; anything else is not there', async () => {
  const name = `${process.pid}-${'a'.repeat(24)}.rows`
  await writeFile(join(folder, name), 'rows')
  expect(await givenBody(folder, name)).toBe(join(folder, name))
  await symlink(join(folder, name), join(folder, `1-${'b'.repeat(24)}.rows`))
  await writeFile(join(folder, `2-${'d'.repeat(24)}.rows`), '')
  for (const other of [
    `2-${'d'.repeat(24)}.rows`,
    '../secret',
    name.replace('a', 'c'),
    `1-${'b'.repeat(24)}.rows`,
  ])
    await expect(givenBody(folder, other)).rejects.toThrow(/FILE_DOESNT_EXIST/)
  await expect(givenBody(folder, name, 3)).rejects.toThrow(/TOO_MANY_BYTES/)
})

test('rows of a client that died are removed, those of a living one stay', async () => {
  const [dead, living] = [`7-${'a'.repeat(24)}.rows`, `8-${'a'.repeat(24)}.rows`]
  for (const name of [dead, living, 'incoming.rows']) await writeFile(join(folder, name), 'x')
  await removeOrphans(folder, (pid) => pid === 8)
  expect((await readdir(folder)).toSorted()).toEqual([living, 'incoming.rows'].toSorted())
})
