import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { gpuNode } from '../cli/page-values.testing.ts'
import { childrenOf, freePort, startPlimsoll, tempFolder, until } from '../cli/process.testing.ts'
import { writeExporterPage } from '../collector/sources/dcgm-exporter/simulate.ts'
import { DeviceList } from '../schemas/api.ts'

/**
 * How long a scrape takes to be seen in the API: exporters of this process -> `plimsoll all` with its
 * embedded engine -> GET /api/v1/devices. Every page carries its own number; a watcher takes a node that has
 * just answered and asks for it until the number is there. So each figure holds up to one pause between two
 * questions and the question itself.
 *
 *     bin/node24 bench/visibility.ts [seconds] [nodes of 8 GPUs] [interval seconds]
 */
const seconds = Number(process.argv[2] ?? 120)
const nodes = Number(process.argv[3] ?? 256)
const interval = Number(process.argv[4] ?? 10)

const GPUS = 8
const WATCHERS = 3
const PAUSE_MS = 50
const GIVE_UP_MS = 20_000
/** Before anybody asks: what collecting and storing alone cost. */
const QUIET_MS = 20_000
const AIM_P99_MS = 2000

const nameOf = (index: number) => `h1-r${String(index >> 3).padStart(2, '0')}-n${String(index & 7)}`
const fleet = Array.from({ length: nodes }, (_, index) => gpuNode(nameOf(index), GPUS))

interface Answered {
  readonly node: number
  readonly number: number
  readonly atMs: number
}

/** Answers that went out and nobody has watched yet, newest last. */
const answered: Answered[] = []
const numbers = new Array<number>()

function pageOf(node: number): string {
  const number = (numbers[node] ?? 0) + 1
  numbers[node] = number
  const gpus = (fleet[node] ?? []).map((gpu) => ({
    ...gpu,
    metrics: { ...gpu.metrics, pcie_replay_total: number },
  }))
  return writeExporterPage(gpus)
}

/** One server for all nodes: each has a loopback address of its own, 127.1.x.y. */
const farm = createServer((request, response) => {
  const [, , high = '0', low = '0'] = (request.headers.host ?? '').split(/[.:]/)
  const node = Number(high) * 256 + Number(low)
  response.setHeader('content-type', 'text/plain; version=0.0.4')
  const page = pageOf(node)
  response.end(page, () => {
    answered.push({ node, number: numbers[node] ?? 0, atMs: performance.now() })
    if (answered.length > 64) answered.shift()
  })
})
farm.keepAliveTimeout = 60_000

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until the API shows an answer, and returns how long that took, ms; null when it never did. */
async function visibleAfter(
  base: string,
  { node, number, atMs }: Answered,
): Promise<number | null> {
  const url = `${base}/api/v1/devices?limit=${GPUS}&filter=node:eq:${nameOf(node)}`
  while (performance.now() - atMs < GIVE_UP_MS) {
    const response = await fetch(url)
    const { devices } = DeviceList.parse(await response.json())
    const isThere = devices.every(({ latest }) => (latest['pcie_replay_total'] ?? 0) >= number)
    if (devices.length === GPUS && isThere) return performance.now() - atMs
    await pause(PAUSE_MS)
  }
  return null
}

/** Watches one fresh answer after the other. */
async function watch(base: string, untilMs: number): Promise<(number | null)[]> {
  const delays: (number | null)[] = []
  while (performance.now() < untilMs) {
    const next = answered.pop()
    if (next === undefined || performance.now() - next.atMs > PAUSE_MS) await pause(5)
    else delays.push(await visibleAfter(base, next))
  }
  return delays
}

/** CPU time of a process so far, ms, from /proc (100 ticks a second). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function rssMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)
}

/** CPU of each process while something happens, percent of one core. */
async function costWhile(
  processes: Readonly<Record<string, number>>,
  happens: () => Promise<unknown>,
): Promise<Record<string, number>> {
  const before = Object.entries(processes).map(([name, pid]) => [name, pid, cpuMs(pid)] as const)
  const startMs = performance.now()
  await happens()
  const elapsedMs = performance.now() - startMs
  return Object.fromEntries(
    before.map(([name, pid, ms]) => [
      name,
      Math.round((1000 * (cpuMs(pid) - ms)) / elapsedMs) / 10,
    ]),
  )
}

const quantile = (sorted: readonly number[], share: number) =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN)

const folder = await tempFolder()
await new Promise<void>((resolve) => farm.listen(0, '0.0.0.0', resolve))
const address = farm.address()
if (address === null || typeof address === 'string') throw new Error('no port')
const targets = fleet.map((_, index) => ({
  address: `http://127.1.${index >> 8}.${index & 255}:${address.port}/metrics`,
  node: nameOf(index),
}))
const config = join(folder.path, 'collector.yaml')
await writeFile(
  config,
  stringify({ sources: { 'dcgm-exporter': { interval: `${interval}s`, targets } } }),
)
const port = await freePort()
const base = `http://127.0.0.1:${port}`
const all = startPlimsoll(
  ['all', '--config', config, '--data', folder.path, '--port', String(port)],
  {},
)
try {
  await until('the API', async () => (await fetch(`${base}/readyz`)).ok, 60_000)
  // Every node twice, so that identities are known and caches warm.
  await pause((2 * interval + 5) * 1000)
  const processes: Readonly<Record<string, number>> = {
    'plimsoll all': all.pid,
    'its engine': childrenOf(all.pid)[0] ?? 0,
  }
  const quiet = await costWhile(processes, () => pause(QUIET_MS))
  const startMs = performance.now()
  const untilMs = startMs + seconds * 1000
  const delays: (number | null)[] = []
  const watched = await costWhile(processes, async () => {
    const watchers = Array.from({ length: WATCHERS }, () => watch(base, untilMs))
    delays.push(...(await Promise.all(watchers)).flat())
  })
  const seen = delays.filter((delay) => delay !== null).toSorted((a, b) => a - b)
  const p99 = quantile(seen, 0.99)
  console.log(
    `${nodes * GPUS} devices, ${nodes} exporters, every ${interval} s, ${seconds} s watched`,
  )
  console.table({
    'scrape to API, ms': {
      scrapes: seen.length,
      'never seen': delays.length - seen.length,
      p50: quantile(seen, 0.5),
      p90: quantile(seen, 0.9),
      p99,
      most: Math.round(seen.at(-1) ?? Number.NaN),
      aim: `p99 < ${AIM_P99_MS}`,
    },
  })
  console.table(
    Object.fromEntries(
      Object.entries(processes).map(([name, pid]) => [
        name,
        {
          'CPU, % of a core': quiet[name],
          'the same while watched': watched[name],
          'RSS, MiB': rssMiB(pid),
        },
      ]),
    ),
  )
  if (delays.length > seen.length || !(p99 < AIM_P99_MS)) process.exitCode = 1
} finally {
  console.log(`plimsoll all ended with ${await all.stop()}`)
  farm.closeAllConnections()
  farm.close()
  await folder.remove()
}
