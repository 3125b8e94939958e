import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseInvocation } from './command.ts'
import { run } from './commands/report.ts'
import { REPORT } from './report-options.ts'

const asked: string[] = []
const delivery = (recipient: string, more: object) => ({
  week: '2026-W47',
  revision: 2,
  recipient,
  state: 'waiting',
  attempts: 1,
  at_ms: 1,
  accepted_ms: null,
  next_ms: null,
  detail: 'accepted',
  asked_by: 'ann',
  ...more,
})
const DELIVERIES = {
  at_ms: 1,
  time_zone: 'UTC',
  schedule: { day: 'mon', at: '08:07', monthly: false },
  next_ms: null,
  recipients: [],
  due: [],
  missed: [],
  deliveries: [
    delivery('mail:a@site.example', { state: 'accepted', accepted_ms: 1 }),
    delivery('mail:b@site.example', { state: 'dead', detail: '550 no such user' }),
  ],
  simulated: false,
}
const server = createServer(({ method, url, headers }, answer) => {
  asked.push(`${method} ${url} ${headers.authorization ?? ''}`)
  const json = (status: number, body: unknown) => {
    answer.writeHead(status, { 'content-type': 'application/json' })
    answer.end(JSON.stringify(body))
  }
  if (url?.endsWith('/send') === true)
    return json(202, {
      week: '2026-W47',
      revision: 2,
      results: [
        { recipient: 'chat:ops', result: 'has_it', accepted_ms: 0 },
        { recipient: 'mail:a@site.example', result: 'queued', accepted_ms: null },
        { recipient: 'mail:b@site.example', result: 'queued', accepted_ms: null },
      ],
    })
  if (url?.endsWith('/deliveries') === true) return json(200, DELIVERIES)
  if (method === 'POST') return json(200, { week: '2026-W47', revision: 2, is_new: false })
  if (url?.includes('1999-W60'))
    return json(400, { error: { code: 'E_REPORT_PERIOD', message: 'no period', docs: '' } })
  const name = url?.includes('format=csv') ? '../../evil' : 'plimsoll-2026-W47-r2-zh.xlsx'
  answer.writeHead(200, { 'content-disposition': `attachment; filename="${name}"` })
  answer.end('bytes')
})

let folder: string
let base: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-report-'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo | string | null = server.address()
  base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
})
afterAll(async () => {
  server.close()
  await rm(folder, { recursive: true, force: true })
})

async function report(...args: string[]): Promise<string[]> {
  const lines: string[] = []
  const outside = {
    env: { PLIMSOLL_TOKEN: 'secret' },
    print: (line: string) => void lines.push(line),
  }
  await run(parseInvocation(REPORT, [...args, '--server', base], outside))
  return lines
}

it('writes a file per format under the name the server gives, and never outside of the folder', async () => {
  const out = join(folder, 'new')
  const lines = await report(
    '--week',
    '2026-W47',
    '--format',
    'xlsx,csv',
    '--lang',
    'zh',
    '--out',
    out,
  )
  expect(lines).toEqual([
    join(out, 'plimsoll-2026-W47-r2-zh.xlsx'),
    join(out, 'plimsoll-report.csv'),
  ])
  expect(await readdir(out)).toHaveLength(2)
  expect(await readFile(lines[0] ?? '', 'utf8')).toBe('bytes')
  expect(asked).toEqual([
    'GET /api/v1/reports/2026-W47?format=xlsx&lang=zh Bearer secret',
    'GET /api/v1/reports/2026-W47?format=csv&lang=zh Bearer secret',
  ])
})

it('issues, and says when the newest revision stands', async () => {
  expect(await report('--issue')).toEqual([
    '2026-W47 revision 2 stands as issued before, nothing changed enough',
  ])
})

it('sends, waits for what becomes of it, and fails when somebody has not got it', async () => {
  const lines: string[] = []
  const outside = { env: {}, print: (line: string) => void lines.push(line) }
  const args = [
    '--send',
    '--recipients',
    'mail:a@site.example,mail:b@site.example',
    '--server',
    base,
  ]
  expect(await run(parseInvocation(REPORT, args, outside))).toBe(1)
  expect(lines).toEqual([
    '2026-W47 revision 2',
    '  chat:ops: has it since 1970-01-01T00:00:00.000Z; --again sends it once more',
    '  mail:a@site.example: accepted',
    '  mail:b@site.example: given up: 550 no such user',
  ])
  expect(asked.at(-1)).toBe('GET /api/v1/reports/deliveries ')
})

it('says what the server said, and refuses forms and languages that there are not', async () => {
  await expect(report('--week', '1999-W60')).rejects.toMatchObject({ code: 'E_REPORT_PERIOD' })
  await expect(report('--format', 'doc')).rejects.toThrow(/--format doc: give json, html/)
  await expect(report('--lang', 'fr')).rejects.toThrow(/en, zh or both/)
})
