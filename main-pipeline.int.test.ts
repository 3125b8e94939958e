import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PipelineAnswer } from '#schemas/api-pipeline.ts'
import { gpuNode } from './cli/page-values.testing.ts'
import {
  freePort,
  type Plimsoll,
  runPlimsoll,
  startPlimsoll,
  tempFolder,
  until,
} from './cli/process.testing.ts'
import { type Exporter, prepareSite, type Site, startExporter } from './cli/site.testing.ts'
import { parseExposition } from './collector/formats/exposition.ts'
import { writeExporterPage } from './collector/sources/dcgm-exporter/simulate.ts'

/** What the pipeline says of itself, through real processes: who stops is silent, and never well. */

const STATUS = ['--status-every', '2']

let folder: Awaited<ReturnType<typeof tempFolder>>
let site: Site
let exporter: Exporter
const processes: Plimsoll[] = []
const ports = { ingest: 0, collector: 0 }

beforeAll(async () => {
  folder = await tempFolder()
  site = await prepareSite(folder.path)
  let step = 0
  exporter = await startExporter(() => ({ body: writeExporterPage(gpuNode('n1', 8, step++)) }))
  ports.ingest = await freePort()
  ports.collector = await freePort()
  startIngest()
  await site.startQuery()
})

afterAll(async () => {
  for (const process of processes.toReversed()) if (process.isRunning()) await process.stop()
  await site?.stop()
  await exporter?.stop()
  await folder?.remove()
})

function start(...args: string[]): Plimsoll {
  const process = startPlimsoll(args, { env: site.env })
  processes.push(process)
  return process
}

const startIngest = () => start('ingest', ...STATUS, '--metrics-listen', String(ports.ingest))

async function startCollector(name: string, ...more: string[]): Promise<Plimsoll> {
  const home = join(folder.path, name)
  await mkdir(home)
  const file = join(home, 'collector.yaml')
  const target = `sources: { dcgm-exporter: { interval: 2s, targets: ['${exporter.target}'] } }`
  await writeFile(file, `cluster: blue\ncollector: ${name}\n${target}\n`)
  const process = start('collector', '--config', file, '--data', home, ...STATUS, ...more)
  await process.says(/connected to the bus/)
  return process
}

async function ask(): Promise<PipelineAnswer> {
  const answer = await fetch(`${site.url}/api/v1/pipeline`)
  expect(answer.status).toBe(200)
  return PipelineAnswer.parse(await answer.json())
}
const codes = ({ verdict }: PipelineAnswer) => verdict.findings.map(({ code }) => code)
const statusOf = ({ collectors }: PipelineAnswer, name: string) =>
  collectors?.worst.find(({ collector }) => collector === name)?.status

it('a page of its own says how a separate role is, and our own reader takes every line', async () => {
  await startCollector('alpha', '--metrics-listen', String(ports.collector))
  await startCollector('beta')
  await startCollector('gamma')
  for (const [port, name] of [
    [ports.ingest, 'plimsoll_ingest_insert_duration_seconds_count'],
    [ports.collector, 'plimsoll_collector_spool_max_bytes'],
  ] as const) {
    const base = `http://127.0.0.1:${port}`
    await until('a role that works', async () => (await fetch(`${base}/readyz`)).ok)
    await until(`${name} in /metrics`, async () => {
      const refused: string[] = []
      const bytes = new Uint8Array(await (await fetch(`${base}/metrics`)).arrayBuffer())
      const { rows, help } = parseExposition(bytes, (line) => refused.push(line))
      expect(refused).toEqual([])
      for (const row of rows)
        expect(help.has(row.name.replace(/_(bucket|sum|count)$/, '')) || help.has(row.name)).toBe(
          true,
        )
      return rows.some((row) => row.name === name && (row.value ?? 0) > 0)
    })
  }
}, 60_000)

it('query sees what others said through the store alone', async () => {
  const answer = await until('all three collectors', async () => {
    const told = await ask()
    return told.collectors?.reporting === 3 && (told.lag_seconds ?? 99) < 30 ? told : null
  })
  expect(answer.processes).toHaveLength(1)
  expect(answer.processes[0]).toMatchObject({ status: 'reporting', in_process: false })
  expect(answer.processes[0]?.streams[0]?.bytes).toBeGreaterThan(0)
  expect(answer.processes[0]?.shards[0]?.insert_seconds?.count).toBeGreaterThan(0)
  expect(answer.collectors?.worst[0]?.spool_max_bytes).toBeGreaterThan(0)
  const status = await runPlimsoll(['status', site.url])
  expect(status.stdout).toMatch(
    /^ +collectors: 3 report, 0 late, 0 silent, 0 stopped; ingest: 1 of 1 processes report$/m,
  )
}, 60_000)

it('a collector that is killed is silent, one that was told to stop is stopped, the third reports', async () => {
  const [, , beta, gamma] = processes
  await beta?.kill()
  await gamma?.stop()
  const answer = await until(
    'silence',
    async () => {
      const told = await ask()
      return statusOf(told, 'beta') === 'silent' && statusOf(told, 'gamma') === 'stopped'
        ? told
        : null
    },
    30_000,
  )
  expect(statusOf(answer, 'alpha')).toBe('reporting')
  expect(codes(answer)).toContain('collectors_silent')
  const finding = answer.verdict.findings.find(({ code }) => code === 'collectors_silent')
  expect(finding?.message).toContain('1 of 2 collectors are silent; longest beta')
}, 60_000)

it('while ingest is stopped the lag grows and the page says since when; afterwards all is stored', async () => {
  const [ingest] = processes
  await ingest?.kill()
  const before = (await ask()).lag_seconds ?? 0
  const answer = await until(
    'the silence of ingest',
    async () => {
      const told = await ask()
      return codes(told).includes('ingest_silent') ? told : null
    },
    30_000,
  )
  expect(answer.verdict.state).toBe('failing')
  expect(answer.processes[0]?.status).toBe('silent')
  expect(answer.lag_messages).toBeNull()
  expect(answer.lag_seconds ?? 0).toBeGreaterThan(before)
  startIngest()
  const after = await until(
    'ingest to be back',
    async () => {
      const told = await ask()
      const [one] = told.processes
      const isBack = one?.status === 'reporting' && one.shards[0]?.lag_messages === 0
      return isBack && (told.lag_seconds ?? 99) < (answer.lag_seconds ?? 0) ? told : null
    },
    60_000,
  )
  expect(codes(after)).not.toContain('ingest_silent')
  expect(after.processes).toHaveLength(1)
}, 120_000)
