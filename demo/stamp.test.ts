import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDemoData, readStamp, refuseSimulated, STAMP_FILE } from './stamp.ts'

const PARAMS = { seed: 7, devices: 64, days: 2, nowMs: Date.UTC(2026, 10, 20) }

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'plimsoll-stamp-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('the folder of a demo', () => {
  it('is made where there is none, and stamped', async () => {
    const path = await openDemoData(join(dir, 'a', 'demo'), PARAMS)
    expect(await readStamp(path)).toEqual({
      simulated: true,
      version: 1,
      seed: 7,
      devices: 64,
      days: 2,
      created_at: '2026-11-20T00:00:00.000Z',
    })
  })

  it('is emptied and stamped anew when a demo made it', async () => {
    await openDemoData(dir, PARAMS)
    await mkdir(join(dir, 'engine'))
    await writeFile(join(dir, 'engine', 'part'), 'x')
    await openDemoData(dir, { ...PARAMS, seed: 8 })
    expect(await readdir(dir)).toEqual([STAMP_FILE])
    expect((await readStamp(dir))?.seed).toBe(8)
  })

  it('is never one that holds something without a stamp, or with a damaged one', async () => {
    await writeFile(join(dir, 'precious'), 'real')
    await expect(openDemoData(dir, PARAMS)).rejects.toMatchObject({ code: 'E_DATA_NOT_SIMULATED' })
    await writeFile(join(dir, STAMP_FILE), '{"simulated": true')
    await expect(openDemoData(dir, PARAMS)).rejects.toMatchObject({ code: 'E_DATA_NOT_SIMULATED' })
    expect(await readFile(join(dir, 'precious'), 'utf8')).toBe('real')
  })

  it('is no file', async () => {
    const path = join(dir, 'file')
    await writeFile(path, '')
    await expect(openDemoData(path, PARAMS)).rejects.toMatchObject({ code: 'E_DATA_NOT_SIMULATED' })
  })
})

describe('real data', () => {
  it('does not go into a simulated folder, nor below one, damaged stamp or not', async () => {
    await openDemoData(dir, PARAMS)
    await expect(refuseSimulated(dir)).rejects.toMatchObject({ code: 'E_DATA_SIMULATED' })
    const below = join(dir, 'engine', 'data')
    await expect(refuseSimulated(below)).rejects.toMatchObject({ code: 'E_DATA_SIMULATED' })
    await writeFile(join(dir, STAMP_FILE), '?')
    await expect(refuseSimulated(dir)).rejects.toMatchObject({ code: 'E_DATA_SIMULATED' })
  })

  it('goes anywhere else: beside a demo, into an empty folder, into one that is not there yet', async () => {
    await openDemoData(join(dir, 'demo'), PARAMS)
    await refuseSimulated(dir)
    await refuseSimulated(join(dir, 'nothing', 'yet'))
  })
})
