import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSpool } from './spool.ts'
import { BOOT_A, entry, fill, readAll, seqsOf } from './spool.testing.ts'

let directory = ''
const open = (path = directory) => openSpool({ directory: path, maxBytes: 1 << 24 })

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spool-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('on a real disk', () => {
  it('records survive a restart, under the same id', async () => {
    const first = await open()
    await fill(first, 20)
    await first.release({ boot: BOOT_A, seq: 3 })
    await first.close()
    const second = await open()
    expect(second.id).toBe(first.id)
    expect(seqsOf(await readAll(second))).toEqual(Array.from({ length: 20 }, (_, n) => n + 1))
    expect(second.stats().releasedPosition).toBe(3)
    await second.close()
  })

  it('a copy taken in the middle of the work holds a whole prefix', async () => {
    const spool = await open()
    const writing = Promise.all(Array.from({ length: 300 }, (_, n) => spool.append(entry(n + 1))))
    await spool.append(entry(301))
    const copy = `${directory}-copy`
    const acknowledged = spool.last()
    await cp(directory, copy, { recursive: true, filter: (path) => !path.endsWith('/lock') })
    await writing
    const recovered = await open(copy)
    const seqs = seqsOf(await readAll(recovered))
    expect(seqs.length).toBeGreaterThanOrEqual(acknowledged)
    expect(seqs).toEqual(Array.from(seqs, (_, n) => n + 1))
    await recovered.close()
    await spool.close()
    await rm(copy, { recursive: true })
  })
})

describe('the lock', () => {
  it('refuses a second user of the directory until the first has closed', async () => {
    const first = await open()
    await expect(open()).rejects.toMatchObject({ code: 'E_SPOOL_LOCKED' })
    await first.close()
    await (await open()).close()
  })

  it('of a dead process is taken over', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', ''])
    await writeFile(join(directory, 'lock'), JSON.stringify({ pid, started: 'x' }))
    await (await open()).close()
  })

  it('of an earlier process with the same id is taken over', async () => {
    const lock = { pid: process.pid, started: 'another machine start/1' }
    await writeFile(join(directory, 'lock'), JSON.stringify(lock))
    const spool = await open()
    expect(JSON.parse(await readFile(join(directory, 'lock'), 'utf8'))).not.toEqual(lock)
    await spool.close()
  })

  it('that cannot be understood is taken over', async () => {
    await writeFile(join(directory, 'lock'), 'half a lo')
    await (await open()).close()
  })
})
