import { describe, expect, it } from 'vitest'
import type { LogFields } from '#schemas/role.ts'
import {
  createDiskGuard,
  type DiskPlace,
  folderPlace,
  type NamedSpace,
  serverPlace,
} from './disk-guard.ts'

/** A disk of 1,000 bytes whose fill a test sets. */
function testDisk(name = 'the disk') {
  const disk = { used: 0, broken: false }
  const place: DiskPlace = {
    name,
    async measure(): Promise<readonly NamedSpace[]> {
      if (disk.broken) throw new Error('EIO')
      return [{ name, usedBytes: disk.used, freeBytes: 1000 - disk.used }]
    },
  }
  return { disk, place }
}

function testLog() {
  const lines: string[] = []
  const write = (level: string) => (message: string, fields?: LogFields) =>
    void lines.push([level, message, fields?.['detail'] ?? ''].join(' ').trimEnd())
  return { lines, log: { info: write('info'), warn: write('warn'), error: write('error') } }
}

describe('the disk guard', () => {
  it('warns from 85 %, stops from 95 %, goes on below 93 % and calms down below 84 %', async () => {
    const { disk, place } = testDisk()
    const guard = createDiskGuard({ places: [place], log: testLog().log })
    const walk: [used: number, state: string, hasRoom: boolean][] = [
      [849, 'ok', true],
      [850, 'warning', true],
      [949, 'warning', true],
      [950, 'stopped', false],
      [999, 'stopped', false],
      [930, 'stopped', false],
      [929, 'warning', true],
      [949, 'warning', true],
      [840, 'warning', true],
      [839, 'ok', true],
      [849, 'ok', true],
    ]
    for (const [used, state, hasRoom] of walk) {
      disk.used = used
      await guard.look()
      expect([used, guard.status.state, guard.hasRoom()]).toEqual([used, state, hasRoom])
    }
  })

  it('says each change once, with the disk, how full it is and where help is', async () => {
    const { disk, place } = testDisk("the engine's disk")
    const { lines, log } = testLog()
    const guard = createDiskGuard({ places: [place], log })
    for (const used of [100, 860, 861, 955, 956, 900, 100]) {
      disk.used = used
      await guard.look()
    }
    const help = 'Make room: docs/operations.md'
    expect(lines).toEqual([
      `warn a disk fills up the engine's disk is 86 % full; at 95 % ingest stops taking messages. ${help}`,
      `error a disk is nearly full, ingest stops the engine's disk is 95.5 % full: ingest takes no messages until it is below 93 %; spools and the bus keep them. ${help}`,
      `warn there is some room again, ingest goes on the engine's disk is 90 % full; at 95 % ingest stops taking messages. ${help}`,
      'info there is room on the disk again',
    ])
  })

  it('goes by the fullest disk', async () => {
    const [first, second] = [testDisk('one'), testDisk('two')]
    second.disk.used = 951
    const guard = createDiskGuard({ places: [first.place, second.place], log: testLog().log })
    await guard.look()
    expect(guard.status).toMatchObject({ state: 'stopped', used_ratio: 0.951, free_bytes: 49 })
    expect(guard.status.detail).toContain('two')
  })

  it('keeps its verdict while a disk cannot be measured, says so once, and lets ingest work if it never could', async () => {
    const { disk, place } = testDisk()
    const { lines, log } = testLog()
    const guard = createDiskGuard({ places: [place], log })
    disk.broken = true
    await guard.look()
    await guard.look()
    expect([guard.status.state, guard.hasRoom(), lines]).toEqual([
      'unknown',
      true,
      ['warn cannot see how full a disk is'],
    ])
    Object.assign(disk, { broken: false, used: 960 })
    await guard.look()
    disk.broken = true
    await guard.look()
    expect(guard.hasRoom()).toBe(false)
  })
})

describe('what is measured', () => {
  it('of a folder: what df shows, the part that only root may write counted as used', async () => {
    const read = async () => ({ bsize: 4096, blocks: 100, bfree: 20, bavail: 15 })
    expect(await folderPlace('data', '/anywhere', read).measure()).toEqual([
      { name: 'data', usedBytes: 80 * 4096, freeBytes: 15 * 4096 },
    ])
  })

  it('of a folder that is not there: nothing, and of a real one: something', async () => {
    expect(await folderPlace('data', '/nowhere/at/all').measure()).toEqual([])
    const [space] = await folderPlace('data', import.meta.dirname).measure()
    expect((space?.usedBytes ?? 0) + (space?.freeBytes ?? 0)).toBeGreaterThan(1 << 20)
  })

  it('of a server: each of its disks, without object stores that call themselves endless', async () => {
    const rows = [
      { name: 'default', free: '50', total: '1000' },
      { name: 's3', free: '18446744073709551615', total: '18446744073709551615' },
    ]
    expect(await serverPlace({ query: async () => rows }).measure()).toEqual([
      { name: 'the disk "default" of ClickHouse', usedBytes: 950, freeBytes: 50 },
    ])
  })
})
