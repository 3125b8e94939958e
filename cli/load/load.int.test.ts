import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { telemetrySubject } from '#schemas/subjects.ts'
import { connectBus } from '../../ingest/bus/connect.ts'
import { runPlimsoll, startPlimsoll, tempFolder, until } from '../process.testing.ts'
import { prepareSite, type Site } from '../site.testing.ts'

/** `plimsoll load` as a person starts it, with nats-server, engine and ingest as processes. */

let folder: Awaited<ReturnType<typeof tempFolder>>
let site: Site
beforeAll(async () => {
  folder = await tempFolder()
  site = await prepareSite(folder.path)
  site.startIngest()
})
afterAll(async () => {
  await site?.stop()
  await folder?.remove()
})

const Report = z.object({
  rows: z.int(),
  values: z.int(),
  batches: z.int(),
  unpublished: z.int(),
  lost_batches: z.int(),
  missed_ticks: z.int(),
  publish_p99_ms: z.number(),
  cpu_cores: z.number(),
})
const Stored = z.object({
  rows: z.coerce.number(),
  once: z.coerce.number(),
  devices: z.coerce.number(),
  unknown: z.coerce.number(),
  powerless: z.coerce.number(),
})

/** What the store holds of a cluster, and whether it is all simulated. */
async function stored(cluster: string) {
  const [row] = await site.store.query(
    `SELECT count() AS rows, uniqExact(device_id, ts) AS once, uniqExact(device_id) AS devices,
            countIf(device_id NOT IN (SELECT device_id FROM devices WHERE simulated = 1)) AS unknown,
            countIf(power_watts IS NULL) AS powerless
     FROM samples WHERE device_id IN (SELECT device_id FROM devices WHERE cluster = {cluster:String})`,
    { cluster },
  )
  return Stored.parse(row)
}

const spoolFolders = () => readdir(join(folder.path, 'load'))

describe('plimsoll load', () => {
  it('512 devices at 1 s for 10 s: every row is in the store once, and all are simulated', async () => {
    const args = '--devices 512 --interval 1s --duration 10s --collectors 2 --json'.split(' ')
    const { code, stdout } = await runPlimsoll(['load', ...args], { env: site.env })
    expect(code).toBe(0)
    const report = Report.parse(JSON.parse(stdout))
    expect(report).toMatchObject({ unpublished: 0, lost_batches: 0 })
    expect(report.rows).toBeGreaterThan(512 * 9)
    expect(report.rows + 8 * report.missed_ticks).toBeGreaterThanOrEqual(512 * 9)
    const found = await until('all rows in the store', async () => {
      const now = await stored('load')
      return now.rows >= report.rows ? now : null
    })
    expect(found).toEqual({
      rows: report.rows,
      once: report.rows,
      devices: 512,
      unknown: 0,
      powerless: 0,
    })
    expect(await spoolFolders()).toEqual([])
  })

  it('Ctrl-C ends it in order: the table is printed and nothing is left behind', async () => {
    const args = '--devices 64 --interval 1s --duration 10m --as-cluster load-b'.split(' ')
    const load = startPlimsoll(['load', ...args], { env: site.env })
    await until('the first rows in the store', async () => (await stored('load-b')).rows > 0)
    expect(await load.stop()).toBe(0)
    expect(load.log()).toMatch(/The bus has every batch\./)
    const rows = Number(/^rows +([\d,]+)/m.exec(load.log())?.[1]?.replaceAll(',', ''))
    await until('the rest in the store', async () => (await stored('load-b')).rows === rows)
    expect(await spoolFolders()).toEqual([])
  })

  it('a bus with real data is refused, and --yes sends all the same', async () => {
    const connection = await connectBus({ url: site.nats.url, name: 'a real collector' })
    await connection.request(telemetrySubject('aurora', 'c1'), new TextEncoder().encode('real'))
    await connection.close()
    const args = '--devices 8 --interval 1s --duration 2s --as-cluster load-c'.split(' ')
    const refused = await runPlimsoll(['load', ...args], { env: site.env })
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/^E_BUS_NOT_SIMULATED: .*telemetry\.v1\.aurora\.c1.*--yes/)
    const forced = await runPlimsoll(['load', ...args, '--yes'], { env: site.env })
    expect(forced).toMatchObject({ code: 0, stderr: '' })
  })
})
