import { mkdtemp } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { fakeReader } from './access/access.testing.ts'
import { createAudit } from './access/audit.ts'
import { AccessConfig } from './access/config.ts'
import { createTokenStore } from './access/tokens.ts'
import { modelCatalogue } from '#schemas/models/model.ts'
import type { QueryDeps } from './deps.ts'
import { createQueryService, type QueryService } from './server.ts'

const running: QueryService[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop()))
})

async function depsOf(access: object, reader: QueryDeps['reader']): Promise<QueryDeps> {
  const directory = await mkdtemp(join(tmpdir(), 'plimsoll-server-'))
  return {
    reader,
    clock: Date.now,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    parse: () => {
      throw new Error('not asked')
    },
    ready: () => ({ ready: true, progress: '' }),
    simulated: true,
    timeZone: 'UTC',
    version: '0.0.0',
    pipeline: () => null,
    roles: () => [],
    tokens: createTokenStore(join(directory, 'tokens.json'), Date.now),
    audit: createAudit(join(directory, 'audit.jsonl'), Date.now),
    access: AccessConfig.parse({ port: 0, ...access }),
    dashboardDir: null,
    control: null,
    journal: null,
    models: modelCatalogue([]),
  }
}

async function serve(access: object = {}, reader = statusReader()) {
  const service = createQueryService(await depsOf(access, reader))
  await service.start()
  running.push(service)
  return service
}

/** A store whose newest sample is a new one at every question. */
function statusReader() {
  let newest = 1_700_000_000_000
  const reader = fakeReader({})
  return {
    ...reader,
    query(sql: string, params: Readonly<Record<string, never>>) {
      if (!sql.includes('accepted_devices')) return reader.query(sql, params)
      newest += 1000
      const counts = { reporting_devices: 3, accepted_devices: 4, pending_devices: 0 }
      return Promise.resolve([{ newest_sample_ms: newest, failed_targets: 1, ...counts }])
    },
  }
}

/** Reads a stream until `enough` is true of what came so far. */
async function readUntil(response: Response, enough: (text: string) => boolean): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  if (response.body === null) return text
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true })
    if (enough(text)) break
  }
  return text
}

const ids = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))

test('a page that lost its stream gets the messages it missed, in order and once', async () => {
  const { url } = await serve()
  const live = (headers: Record<string, string> = {}) => fetch(`${url}/api/v1/live`, { headers })
  const first = await live()
  expect(first.headers.get('content-type')).toContain('text/event-stream')
  expect(first.headers.get('x-content-type-options')).toBe('nosniff')
  const text = await readUntil(first, (so_far) => ids(so_far).length >= 2)
  const [seen = 0, missed = 0] = ids(text)
  expect(text).toContain('event: fleet\ndata: {"at":')
  expect(text).toContain('"silent_devices":1')
  const again = await live({ 'last-event-id': String(seen) })
  const replay = ids(await readUntil(again, (so_far) => ids(so_far).length >= 2))
  expect(replay[0]).toBe(missed)
  expect(replay).toEqual([...new Set(replay)].sort((a, b) => a - b))
})

test('stopping ends open streams and lets go of the port', async () => {
  const service = await serve()
  const response = await fetch(`${service.url}/api/v1/live`)
  const rest = readUntil(response, () => false)
  await service.stop()
  expect(await rest).toContain('retry: 2000')
  await expect(fetch(`${service.url}/healthz`)).rejects.toThrow()
  expect(service.health().state).toBe('stopped')
})

test('a port in use is said so by its code', async () => {
  const { url } = await serve()
  const second = createQueryService(
    await depsOf({ port: Number(new URL(url).port) }, statusReader()),
  )
  await expect(second.start()).rejects.toMatchObject({ code: 'E_PORT_TAKEN' })
})

test('nothing listens beyond loopback while nobody could log in', async () => {
  const service = createQueryService(await depsOf({ host: '0.0.0.0' }, statusReader()))
  await expect(service.start()).rejects.toMatchObject({ code: 'E_BIND_NEEDS_TOKEN' })
  expect(service.url).toBe('')
})

test('a page of a re-bound name is refused on the wire too', async () => {
  const { url } = await serve()
  const status = await new Promise((resolve, reject) => {
    const asked = request(
      `${url}/api/v1/metrics`,
      { headers: { host: 'evil.example' } },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      },
    )
    asked.on('error', reject)
    asked.end()
  })
  expect(status).toBe(403)
})
