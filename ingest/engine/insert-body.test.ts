import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { prepareBodyFolder, receiveBody } from './insert-body.ts'

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
