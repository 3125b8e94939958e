import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { gpuNode } from '../../cli/page-values.testing.ts'
import { type Finished, freePort, runPlimsoll, tempFolder } from '../../cli/process.testing.ts'
import { startNatsServer } from '../../ingest/bus/nats-server.testing.ts'
import { writeExporterPage } from '../sources/dcgm-exporter/simulate.ts'

/** The command as a person runs it on a node whose tools misbehave. */

let folder: Awaited<ReturnType<typeof tempFolder>>
const servers: Server[] = []
beforeAll(async () => {
  folder = await tempFolder()
})
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})
afterAll(() => folder.remove())

const Report = z.object({
  exit_code: z.number(),
  took_ms: z.number(),
  counts: z.object({ problem: z.number(), warning: z.number() }),
  findings: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      subject: z.string(),
      seen: z.string(),
      why: z.string().optional(),
      fix: z.string().optional(),
    }),
  ),
  sources: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      targets: z.array(
        z.object({ outcome: z.string(), reason: z.string().nullable(), devices: z.number() }),
      ),
    }),
  ),
})

const reportOf = ({ stdout }: Finished) => Report.parse(JSON.parse(stdout))
const open = (finished: Finished, id: string) =>
  reportOf(finished).findings.filter((finding) => finding.id === id && finding.status !== 'ok')

let bins = 0
async function binWith(command: string, script: string): Promise<string> {
  const bin = join(folder.path, `bin-${bins++}`)
  await mkdir(bin)
  await writeFile(join(bin, command), `#!/bin/sh\n${script}\n`)
  await chmod(join(bin, command), 0o755)
  return bin
}

function doctor(args: readonly string[], bin?: string, env: Record<string, string> = {}) {
  const path = ['/usr/bin', '/bin', ...(bin === undefined ? [] : [bin])].toReversed().join(':')
  const data = ['--data', join(folder.path, 'data')]
  return runPlimsoll(['doctor', ...data, ...args], { env: { PATH: path, ...env } })
}

/** A server on loopback that answers each request with what `page` makes of its number. */
async function serve(page: (request: number) => string, date?: () => string): Promise<string> {
  let requests = 0
  const server = createServer((request, response) => {
    if (date !== undefined) {
      response.sendDate = false
      response.setHeader('date', date())
    }
    response.end(request.url?.startsWith('/metrics') === true ? page(requests++) : 'no page')
  })
  servers.push(server)
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return `127.0.0.1:${port}`
}

const gpus = gpuNode('h1-r01-n01', 2)
const fullPage = writeExporterPage(gpus)
/** The same GPUs a while later: energy counted on. */
const laterPage = (request: number) =>
  fullPage.replaceAll(
    /^(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION\{.*\}) (\d+)/gm,
    (_, row: string, energy: string) => `${row} ${Number(energy) + request * 1_000_000}`,
  )

/** `npu-smi info` of 910B3 chips, one row pair each; the figures as the tool pads them. */
function npuTable(
  chips: readonly { watts: string; celsius: string; used: string; total: string }[],
) {
  const border = `+${'-'.repeat(98)}+`
  const rows = chips.flatMap(({ watts, celsius, used, total }, npu) => [
    `| ${npu}     910B3               | OK            | ${watts.padEnd(11)} ${celsius.padEnd(17)} 0    / 0             |`,
    `| 0                         | 0000:C${npu}:00.0  | 0           0    / 0          ${used}/ ${total}         |`,
    `+===========================+===============+====================================================+`,
  ])
  return [
    border,
    '| npu-smi 24.1.rc2                 Version: 24.1.rc2                                               |',
    border,
    '| NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|',
    '| Chip                      | Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |',
    `+===========================+===============+====================================================+`,
    ...rows,
  ].join('\n')
}

const zero = { watts: '0.0', celsius: '0', used: '0', total: '0' }
const alive = { watts: '93.4', celsius: '41', used: '3161', total: '65536' }
const npuSmi = (table: string, otherwise = 'exit 1') =>
  binWith('npu-smi', `if [ "$*" = info ]; then cat <<'END'\n${table}\nEND\nelse ${otherwise}; fi`)

describe('npu-smi that fails', () => {
  it('with zeros for one chip makes that chip unreadable, not idle', async () => {
    const bin = await npuSmi(npuTable([alive, zero, alive]))
    const one = await doctor(['--json', '--watch', '0'], bin)
    expect(one.code).toBe(1)
    expect(open(one, 'device-unreadable')).toMatchObject([
      { status: 'problem', subject: 'npu-smi', seen: expect.stringMatching(/^1 \/ 3 .*#1/) },
    ])
  })

  it('with zeros for all chips has no devices at all, and says what to look at', async () => {
    const bin = await npuSmi(npuTable([zero, zero]))
    const all = await doctor(['--json', '--watch', '0'], bin)
    expect(all.code).toBe(1)
    const [finding] = open(all, 'targets')
    expect(finding).toMatchObject({ status: 'problem', subject: 'npu-smi' })
    expect(finding?.fix).toMatch(/npu-smi info -t health/)
    const [source] = reportOf(all).sources.filter(({ name }) => name === 'npu-smi')
    expect(source?.targets[0]?.outcome).toBe('failed')
  })

  it('by hanging is reported within the time, and everything else is checked', async () => {
    const bin = await binWith('npu-smi', 'sleep 60')
    const page = await serve(laterPage)
    const startedMs = Date.now()
    const config = join(folder.path, 'both.yaml')
    await writeFile(config, `sources:\n  npu-smi: {}\n  dcgm-exporter:\n    targets: ['${page}']\n`)
    const hung = await doctor(['--json', '--config', config], bin)
    expect(Date.now() - startedMs).toBeLessThan(16_000)
    expect(hung.code).toBe(1)
    expect(reportOf(hung).took_ms).toBeLessThan(10_500)
    expect(open(hung, 'targets')).toMatchObject([
      {
        subject: 'npu-smi',
        seen: expect.stringMatching(/timeout/),
        fix: expect.stringMatching(/dmesg/),
      },
    ])
    expect(open(hung, 'tool-hangs')).toMatchObject([{ status: 'problem', subject: 'npu-smi' }])
    expect(hung.stderr).toMatch(/^\d+ s: .*npu-smi/m)
    const read = reportOf(hung).sources.find(({ name }) => name === 'dcgm-exporter')
    expect(read?.targets).toMatchObject([{ outcome: 'ok', devices: 2 }])
  }, 40_000)

  it('with DCMI -8005 names the causes, also in Chinese', async () => {
    const text = 'dcmi module initialize failed. ret is -8005'
    const bin = await binWith('npu-smi', `echo '${text}'; exit 187`)
    const english = await doctor(['--json', '--watch', '0'], bin)
    expect(english.code).toBe(1)
    expect(open(english, 'targets')).toMatchObject([
      { seen: expect.stringMatching(/dcmi_-8005/), fix: expect.stringMatching(/\/dev\/davinci/) },
    ])
    const chinese = await doctor(['--lang', 'zh', '--watch', '0'], bin)
    expect(chinese.stdout).toMatch(/处理: .*驱动升级后未重启/)
  })
})

describe('dcgm-exporter', () => {
  it('that counts energy on is fine', async () => {
    const fine = await doctor(['--json', '--target', await serve(laterPage), '--refresh', '1'])
    expect(fine).toMatchObject({ code: 0 })
    expect(reportOf(fine).counts).toMatchObject({ problem: 0 })
    const fresh = reportOf(fine).findings.find(({ id }) => id === 'fresh')
    expect(fresh).toMatchObject({ status: 'ok', seen: expect.stringMatching(/2 \/ 2/) })
  })

  it('whose page stands still longer than three renewals is frozen', async () => {
    const target = ['--target', await serve(() => fullPage)]
    const sure = await doctor(['--json', '--refresh', '1', '--watch', '4', ...target])
    expect(sure.code).toBe(1)
    expect(open(sure, 'frozen')).toMatchObject([
      { status: 'problem', seen: expect.stringMatching(/same answer twice.*energy stands still/) },
    ])
  })

  it('that may not have renewed its page yet is not called frozen', async () => {
    const open3 = await doctor(['--json', '--target', await serve(() => fullPage)])
    expect(open3.code).toBe(0)
    expect(open(open3, 'frozen')).toEqual([])
    expect(open(open3, 'fresh')).toMatchObject([
      { status: 'info', fix: expect.stringMatching(/--watch 95/) },
    ])
  })

  it('without profiling fields is told where the counters file lies', async () => {
    const plain = fullPage
      .split('\n')
      .filter((line) => !line.includes('DCGM_FI_PROF_'))
      .join('\n')
    const bare = await doctor(['--json', '--watch', '0', '--target', await serve(() => plain)])
    expect(bare.code).toBe(0)
    const [finding] = open(bare, 'profiling-off')
    expect(finding).toMatchObject({ status: 'warning', subject: 'dcgm-exporter' })
    expect(finding?.fix).toContain('deploy/dcgm-exporter/plimsoll-counters.csv')
    const target = await serve(() => plain)
    const strict = await doctor(['--strict', '--watch', '0', '--target', target])
    expect(strict.code).toBe(1)
  })

  it('that nobody started is one problem for all its targets', async () => {
    const [a, b] = [await freePort(), await freePort()]
    const args = ['--target', `127.0.0.1:${a}`, '--target', `127.0.0.1:${b}`]
    const dead = await doctor(['--json', ...args])
    expect(dead.code).toBe(1)
    expect(open(dead, 'targets')).toMatchObject([
      { seen: expect.stringMatching(/^2 \/ 2 .*refused/) },
    ])
    expect(reportOf(dead).took_ms).toBeLessThan(5000)
  })

  it('of a node whose clock is an hour behind is a clock problem', async () => {
    const late = () => new Date(Date.now() - 3_600_000).toUTCString()
    const target = await serve(laterPage, late)
    const skewed = await doctor(['--json', '--watch', '0', '--target', target])
    expect(open(skewed, 'clock-skew')).toMatchObject([
      { status: 'problem', seen: expect.stringMatching(/-(3600|3599)/) },
    ])
  })
})

describe('what should be there', () => {
  it('is compared by count and by key', async () => {
    const target = ['--watch', '0', '--target', await serve(laterPage)]
    const counted = await doctor(['--json', '--expect', '8', ...target])
    expect(counted.code).toBe(1)
    expect(open(counted, 'inventory')).toMatchObject([
      { seen: expect.stringMatching(/^2 devices seen, 8 expected/) },
    ])
    expect((await doctor(['--expect', '2', ...target])).code).toBe(0)
  })
})

describe('where batches go', () => {
  it('a bus that is away is a problem, and nothing waits for it', async () => {
    const url = `nats://127.0.0.1:${await freePort()}`
    const away = await doctor(['--json', '--watch', '0', '--nats', url])
    expect(away.code).toBe(1)
    expect(open(away, 'bus')).toMatchObject([{ status: 'problem', subject: url }])
    expect(reportOf(away).took_ms).toBeLessThan(6000)
  })

  it('a bus without the stream says who makes it', async () => {
    const nats = await startNatsServer()
    try {
      const bare = await doctor(['--json', '--watch', '0', '--nats', nats.url])
      expect(open(bare, 'bus')).toEqual([])
      expect(open(bare, 'bus-stream')).toMatchObject([
        { status: 'problem', fix: expect.stringMatching(/plimsoll migrate/) },
      ])
    } finally {
      await nats.stop()
    }
  })

  it('a configuration with a mistake is one finding; the rest is checked all the same', async () => {
    const config = join(folder.path, 'bad.yaml')
    await writeFile(config, 'sources:\n  dcgm-exporter:\n    interval: 7s\n')
    const bad = await doctor(['--json', '--config', config, '--watch', '0'])
    expect(bad.code).toBe(1)
    expect(open(bad, 'config')).toMatchObject([{ seen: expect.stringMatching(/bad\.yaml:3/) }])
    expect(reportOf(bad).findings.some(({ id }) => id === 'spool')).toBe(true)
  })
})

describe('the command line', () => {
  it.each([
    ['an unknown language', ['--lang', 'fr']],
    ['a count that is none', ['--expect', 'eight']],
    ['an inventory that is not there', ['--inventory', '/no/such/file']],
    ['a time too long', ['--watch', '6000']],
  ])('%s ends with 2', async (_, args) => {
    const result = await doctor(args)
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr).toMatch(/^E_USAGE: /)
  })

  it('prints no colour into a pipe', async () => {
    const { stdout } = await doctor(['--watch', '0'])
    expect(stdout).not.toContain('\u001B[')
    expect(stdout).toMatch(/^\+ runtime/m)
  })
})

describe('the support file', () => {
  it('holds what was seen, and no planted secret or host name anywhere', async () => {
    const secrets = ['Pa55word-nats', 'tok3n-of-env', 'qu3ry-secret', 'l0gin-secret', 'b3arer-x']
    const page = `${fullPage}# password: ${secrets[0]}\n# Authorization: Bearer b3arer-x\n`
    const target = await serve((request) => page + laterPage(request))
    const config = join(folder.path, 'secret.yaml')
    await writeFile(
      config,
      [
        'node: gpu-17.dc1.example',
        `nats:\n  url: nats://me:Pa55word-nats@127.0.0.1:${await freePort()}`,
        `sources:\n  dcgm-exporter:\n    targets: ['http://u:l0gin-secret@${target}/metrics?key=qu3ry-secret']`,
      ].join('\n'),
    )
    const file = join(folder.path, 'support.tar.gz')
    const env = { PLIMSOLL_TOKEN: 'tok3n-of-env' }
    const args = ['--config', config, '--watch', '0', '--bundle', file]
    const { stderr } = await doctor(args, undefined, env)
    expect(stderr).toMatch(/support file: /)
    const text = gunzipSync(await readFile(file)).toString('utf8')
    for (const secret of secrets) expect(text).not.toContain(secret)
    for (const name of ['gpu-17.dc1', 'h1-r01-n01']) expect(text).not.toContain(name)
    expect(text).toContain('config.json')
    expect(text).toContain('DCGM_FI_DEV_POWER_USAGE')
    expect(text).toContain('ustar')
  })
})
