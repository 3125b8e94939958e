import { afterEach, beforeEach, expect, it } from 'vitest'
import { JournalAppended, JournalPage } from '#schemas/api-journal.ts'
import { freePort, type Plimsoll, startPlimsoll, tempFolder, until } from './process.testing.ts'
import { prepareSite } from './site.testing.ts'

/** What people change, over the API of real processes, and what becomes of it. */

let folder: Awaited<ReturnType<typeof tempFolder>>
beforeEach(async () => {
  folder = await tempFolder()
})
afterEach(() => folder.remove())

const ACCEPTED_MS = Date.UTC(2026, 4, 1)
const body = (device: number) => ({
  kind: 'inventory',
  import_id: `import-${device}`,
  devices: [{ key: `uuid:GPU-${device}`, node: 'n1', index: device, accepted_ms: ACCEPTED_MS }],
  nodes: [],
})

async function post(url: string, request: unknown): Promise<Response> {
  return fetch(`${url}/api/v1/journal`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  })
}
const appended = async (url: string, request: unknown) =>
  JournalAppended.parse(await (await post(url, request)).json())
const read = async (url: string) =>
  JournalPage.parse(await (await fetch(`${url}/api/v1/journal`)).json())

it('one process keeps every acknowledged change over kill -9, and mirrors it', async () => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const start = async (): Promise<Plimsoll> => {
    const all = startPlimsoll(['all', '--data', folder.path, '--port', String(port)])
    await all.says(/Plimsoll is up/, 60_000)
    return all
  }
  const mirrored = async (entries: number) => {
    const page = await (await fetch(`${url}/metrics`)).text()
    return page.includes(`plimsoll_ingest_journal_entries ${entries}\n`)
  }
  let all = await start()
  try {
    expect(await appended(url, { expected_last: 0, bodies: [body(0), body(1)] })).toEqual({
      last: 2,
      sequences: [1, 2],
    })
    const late = await post(url, { expected_last: 1, bodies: [body(9)] })
    expect(late.status).toBe(409)
    await all.kill()
    all = await start()
    const { entries, last } = await read(url)
    expect(last).toBe(2)
    expect(entries.map(({ who, body: { kind } }) => [who, kind])).toEqual([
      ['local', 'inventory'],
      ['local', 'inventory'],
    ])
    await until('the mirror', () => mirrored(2))
    await appended(url, { bodies: [body(2)] })
    await until('the mirror', () => mirrored(3))
    const second = startPlimsoll(['all', '--data', folder.path, '--port', '0'])
    expect(await second.ended).not.toBe(0)
    expect(await all.stop()).toBe(0)
  } finally {
    await all.kill()
  }
}, 120_000)

it('separate processes share it: query appends, ingest mirrors, also what came while ingest was away', async () => {
  const site = await prepareSite(folder.path)
  try {
    await site.startQuery()
    const capacity = async () => {
      const rows = await site.store.query(
        "SELECT 1 FROM intervals FINAL WHERE kind = 'capacity' AND reason = 'inventory'",
      )
      return rows.length
    }
    await appended(site.url, { bodies: [body(0)] })
    const ingest = site.startIngest()
    await until('the first device', async () => (await capacity()) === 1)
    await ingest.kill()
    await appended(site.url, { expected_last: 1, bodies: [body(1), body(2)] })
    site.startIngest()
    // The lease of the killed one must run out first.
    await until('the others', async () => (await capacity()) === 3, 60_000)
    expect((await read(site.url)).last).toBe(3)
  } finally {
    await site.stop()
  }
}, 180_000)
