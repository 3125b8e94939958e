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
const server = createServer(({ method, url, headers }, answer) => {
  asked.push(`${method} ${url} ${headers.authorization ?? ''}`)
  const json = (status: number, body: unknown) => {
    answer.writeHead(status, { 'content-type': 'application/json' })
    answer.end(JSON.stringify(body))
  }
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

it('says what the server said, and refuses forms and languages that there are not', async () => {
  await expect(report('--week', '1999-W60')).rejects.toMatchObject({ code: 'E_REPORT_PERIOD' })
  await expect(report('--format', 'doc')).rejects.toThrow(/--format doc: give json, html/)
  await expect(report('--lang', 'fr')).rejects.toThrow(/en, zh or both/)
})
