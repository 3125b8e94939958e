import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { JournalBody } from '#schemas/journal.ts'
import { freePort, runPlimsoll, tempFolder } from '../process.testing.ts'
import { holdState } from './slurm/state-file.ts'

/** The command as cron runs it, against a server that keeps what it is sent. */

const Posted = z.strictObject({ bodies: z.array(JournalBody).min(1) })
const NO_DEVICES = JSON.stringify({ devices: [], total: 0, next_cursor: null, simulated: false })
const T0 = 1_795_050_000

let folder: Awaited<ReturnType<typeof tempFolder>>
let server: Server
let url = ''
let posted: JournalBody[] = []
let tokens: (string | undefined)[] = []
let refuseAfter = Number.POSITIVE_INFINITY

beforeAll(async () => {
  folder = await tempFolder()
  server = createServer((request, response) => {
    void textOf(request).then((body) => {
      tokens.push(request.headers.authorization)
      response.setHeader('content-type', 'application/json')
      if (request.url?.startsWith('/api/v1/devices')) return response.end(NO_DEVICES)
      if (request.url !== '/api/v1/journal' || request.method !== 'POST') response.statusCode = 404
      if (posted.length >= refuseAfter) {
        response.statusCode = 403
        const error = { code: 'E_FORBIDDEN', message: 'this token may not do that', docs: 'x' }
        return response.end(JSON.stringify({ error }))
      }
      posted.push(...Posted.parse(JSON.parse(body)).bodies)
      return response.end(JSON.stringify({ last: posted.length, sequences: [posted.length] }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : ''
})
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  await folder.remove()
})
beforeEach(() => {
  posted = []
  tokens = []
  refuseAfter = Number.POSITIVE_INFINITY
})

let turn = 0
let statePath = ''
beforeEach(async () => {
  const own = join(folder.path, String(turn++))
  await mkdir(own)
  statePath = join(own, 'slurm.json')
})
afterEach(async () => {
  // No run leaves anything half written behind.
  const left = await readdir(join(statePath, '..'))
  expect(left.filter((name) => name.endsWith('.new'))).toEqual([])
})

const squeue = (...ids: readonly number[]) =>
  JSON.stringify({
    jobs: ids.map((id) => ({
      job_id: id,
      job_state: ['RUNNING'],
      start_time: { set: true, infinite: false, number: T0 },
      nodes: 'n1',
      gres_detail: ['gpu:1(IDX:0)'],
    })),
  })
const importSlurm = (input: string, ...more: readonly string[]) =>
  runPlimsoll(
    `import allocations - --format squeue-json --server ${url} --cluster h1 --state ${statePath}`
      .split(' ')
      .concat(more),
    { input, env: { PLIMSOLL_TOKEN: 'secret' } },
  )
const rowsOf = (bodies: readonly JournalBody[]) =>
  bodies.flatMap((body) => (body.kind === 'allocations' ? body.allocations : []))

describe('plimsoll import allocations from squeue', () => {
  it('writes changes only, heals after a lost run, and a dry run leaves no trace', async () => {
    const dry = await importSlurm(squeue(1, 2), '--dry-run')
    expect(dry).toMatchObject({ code: 0, stderr: '' })
    expect(dry.stdout).toContain('dry run: nothing was written')
    expect(posted).toEqual([])
    const first = await importSlurm(squeue(1, 2))
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toMatch(/jobs with accelerators +2/)
    expect(tokens[0]).toBe('Bearer secret')
    expect(rowsOf(posted).map(({ holder, to_ms }) => [holder, to_ms])).toEqual([
      ['h1/1', null],
      ['h1/2', null],
    ])
    expect(posted.at(-2)).toMatchObject({ scopes: [{ cluster: 'h1', node: '', to_ms: null }] })
    expect(posted.at(-1)).toMatchObject({
      kind: 'scheduler_jobs',
      cluster: 'h1',
      jobs: [{ holder: 'h1/1' }, { holder: 'h1/2' }],
    })
    refuseAfter = posted.length
    const lost = await importSlurm(squeue(2))
    expect([lost.code, lost.stderr]).toEqual([1, expect.stringContaining('E_FORBIDDEN')])
    refuseAfter = Number.POSITIVE_INFINITY
    posted = []
    const healed = await importSlurm(squeue(2))
    expect(healed.code).toBe(0)
    expect(rowsOf(posted).map(({ holder, to_ms }) => [holder, to_ms === null])).toEqual([
      ['h1/1', false],
    ])
    posted = []
    expect((await importSlurm(squeue(2))).stdout).toContain('nothing to write')
    expect(posted).toEqual([])
  })

  it('a controller that does not answer is no empty cluster', async () => {
    await importSlurm(squeue(1))
    posted = []
    for (const text of ['', '{"jobs": [], "errors": [{"error": "timeout"}]}']) {
      const failed = await importSlurm(text)
      expect([failed.code, posted]).toEqual([1, []])
      expect(failed.stderr).toMatch(/^E_IMPORT_INVALID: squeue --json: .*nothing was imported/)
    }
  })

  it('a job that is not understood ends with 1, and the others are taken', async () => {
    const jobs = `{"jobs": [{"job_id": 9}, ${squeue(1).slice('{"jobs":['.length)}`
    const result = await importSlurm(jobs)
    expect(result.code).toBe(1)
    expect(result.stdout).toContain('job 9: job_state')
    expect(rowsOf(posted)).toHaveLength(1)
  })

  it('waits for another import of the same state; a damaged state is named', async () => {
    const held = await holdState(statePath)
    const waiting = importSlurm(squeue(1))
    expect(posted).toEqual([])
    await held.release()
    expect((await waiting).code).toBe(0)
    const again = await holdState(statePath)
    await expect(holdState(statePath, { attempts: 2, everyMs: 1 })).rejects.toMatchObject({
      code: 'E_IMPORT_BUSY',
    })
    await again.release()
    await writeFile(statePath, (await readFile(statePath, 'utf8')).slice(0, 40))
    const damaged = await importSlurm(squeue(1))
    expect(damaged.stderr).toContain('was damaged: move it away')
  })
})

describe('plimsoll import of files', () => {
  const write = async (name: string, text: string) => {
    const path = join(statePath, '..', name)
    await writeFile(path, text)
    return path
  }

  it.each([
    ['allocations', 'a.csv', 'node,index,job,from\nn1,0,j,2026-05-01\n', 'allocations'],
    ['states', 's.csv', 'state,node,from\ndrain,n1,2026-05-01\n', 'device_states'],
    [
      'contracts',
      'c.csv',
      'id,tenant,model,devices,from,rate,currency\nc,a,H100,8,2026-05-01,2,USD\n',
      'contracts',
    ],
    ['owners', 'o.yaml', 'owners: [{ tenant: a, accounts: ["a-*"] }]\n', 'owners'],
    ['prices', 'p.yaml', 'lines: [{ from: 2026-05-01, per_hour: 2, currency: USD }]\n', 'prices'],
    ['references', 'r.yaml', 'references: [{ from: 2026-05-01, effective: 0.3 }]\n', 'references'],
    ['inventory', 'i.csv', 'serial,node,accepted\nS1,n1,2026-05-01\n', 'inventory'],
  ])('%s become an entry of the journal', async (what, name, text, kind) => {
    const path = await write(name, text)
    const result = await runPlimsoll(['import', what, path, '--server', url])
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(posted.map((body) => body.kind)).toEqual([kind])
  })

  it('a dry run of an inventory is compared with what is there, where a server answers', async () => {
    const path = await write('i.csv', 'serial,node,accepted\nS1,n1,2026-05-01\n')
    const dry = ['import', 'inventory', path, '--dry-run', '--server']
    const compared = await runPlimsoll([...dry, url])
    expect(compared.stdout).toContain('1 devices are listed as in service and nothing has ever')
    const port = await freePort()
    const alone = await runPlimsoll([...dry, `http://127.0.0.1:${port}`])
    expect(alone).toMatchObject({ code: 0 })
    expect(alone.stdout).toContain('not compared with what is there: nothing answers')
    expect(posted).toEqual([])
  })

  it('a list of many rows goes in parts; a failure says how far it came', async () => {
    const rows = Array.from({ length: 4001 }, (_, row) => `n${row},0,j,2026-05-01\n`).join('')
    const path = await write('many.csv', `node,index,job,from\n${rows}`)
    await runPlimsoll(['import', 'allocations', path, '--server', url])
    expect(posted.map((body) => rowsOf([body]).length)).toEqual([2000, 2000, 1])
    posted = []
    refuseAfter = 1
    const cut = await runPlimsoll(['import', 'allocations', path, '--server', url])
    expect(cut.code).toBe(1)
    expect(cut.stderr).toContain('(1 of 3 parts are written; run the same command again)')
  })

  it('a document with a mistake is not taken at all', async () => {
    const path = await write('o.yaml', 'owners: [{ tenant: a }, { tenant: a }]\n')
    const result = await runPlimsoll(['import', 'owners', path, '--server', url])
    expect([result.code, posted]).toEqual([1, []])
    expect(result.stderr).toContain('tenant a stands here twice')
  })

  it.each([
    ['nothing', ['import']],
    ['an unknown kind', ['import', 'toString', 'x']],
    ['no file', ['import', 'owners']],
    ['a file that is not there', ['import', 'owners', '/nowhere.yaml']],
    ['a wrong format', ['import', 'owners', '-', '--format', 'csv']],
    ['Slurm for another kind', ['import', 'owners', '-', '--format', 'sacct']],
    ['a zone that is none', ['import', 'states', '-', '--timezone', 'Mars/Base']],
    [
      'a state without a cluster',
      ['import', 'allocations', '-', '--format', 'sacct', '--state', 'x'],
    ],
  ])('%s is a usage error', async (_, args) => {
    const result = await runPlimsoll(args)
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr).toMatch(/^E_USAGE: \S/)
  })
})
