import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  freePort,
  type Plimsoll,
  runPlimsoll,
  startPlimsoll,
  tempFolder,
} from './process.testing.ts'
import { prepareSite } from './site.testing.ts'

/** `plimsoll repair` beside a running `plimsoll all`, which alone may open the engine. */

let folder: Awaited<ReturnType<typeof tempFolder>>
let all: Plimsoll
beforeAll(async () => {
  folder = await tempFolder()
  const port = String(await freePort())
  all = startPlimsoll(['all', '--port', port, '--data', folder.path, '--target', '127.0.0.1:9'])
  await all.says(/Plimsoll is up/, 60_000)
}, 90_000)
afterAll(async () => {
  await all.stop()
  await folder.remove()
})

const WINDOW = ['--from', '2026-05-01T10:00Z', '--to', '2026-05-01T12:00Z']

it('is answered by the running process, which owns the engine', async () => {
  const result = await runPlimsoll(['repair', ...WINDOW, '--data', folder.path])
  expect(result).toMatchObject({ code: 0 })
  expect(result.stdout).toMatch(/nothing differs: nothing was changed\n$/)
  expect(all.log()).toContain('a repair is done')
}, 60_000)

it('with a store of its own is taken up by the ingest process, through the store', async () => {
  const own = await tempFolder()
  const site = await prepareSite(own.path)
  try {
    const ingest = site.startIngest()
    await ingest.says(/ingest reads/)
    const result = await runPlimsoll(['repair', ...WINDOW], { env: site.env })
    expect(result).toMatchObject({ code: 0 })
    expect(result.stdout).toMatch(/nothing differs: nothing was changed\n$/)
    const rows = await site.store.query('SELECT state FROM repairs FINAL')
    expect(rows).toEqual([{ state: 'done' }])
  } finally {
    await site.stop()
    await own.remove()
  }
}, 90_000)

it('where there is no engine says which option is missing', async () => {
  const result = await runPlimsoll(['repair', ...WINDOW, '--data', '/nowhere'])
  expect(result).toMatchObject({ code: 2, stdout: '' })
  expect(result.stderr).toMatch(/^E_USAGE: there is no engine in \/nowhere: give the --data/)
})
