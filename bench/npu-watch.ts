import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCollector } from '../collector/collector.ts'
import { parseConfig } from '../collector/config-file.ts'
import { createHost } from '../collector/host.ts'
import { loadSources } from '../collector/sources.ts'
import type { SimulatedNpu } from '../collector/sources/npu-smi/simulate.ts'
import { renderTool } from '../collector/sources/npu-smi/simulate-tool.ts'

/**
 * One node, 8 Ascend chips every second: `npu-smi info watch` as one child (a script that prints rows), its
 * calls once a minute, merge, wire and an fsynced spool. The aim is under 2 % of one core and 100 MB.
 *
 *     bin/node24 bench/npu-watch.ts [seconds]
 */
const CHIPS = 8
const WARM_UP_SECONDS = 8
const seconds = Number(process.argv[2] ?? 20)
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-npu-'))
const tool = {
  layout: 5,
  toolVersion: '25.5.1',
  driverVersion: '25.5.1',
  processBox: true,
} as const
for (const [name, text] of renderTool(Array.from({ length: CHIPS }, chip), tool))
  writeFileSync(join(folder, name), text, { mode: 0o755 })

const sources = await loadSources()
const host = createHost()
const silent = () => undefined
const text = JSON.stringify({
  spool: { directory: join(folder, 'spool') },
  sources: { 'npu-smi': { command: join(folder, 'npu-smi'), interval: '1s' } },
})
const collector = createCollector({
  config: parseConfig(text, { file: 'bench', sources, host: 'bench' }),
  sources,
  publisher: {
    publish: () => Promise.resolve(),
    onWatermark: () => silent,
    onResend: () => silent,
    onControl: () => silent,
    connected: () => true,
  },
  io: host,
  logger: { info: silent, warn: silent, error: silent },
  random: randomBytes,
})
try {
  await collector.start()
  await sleep(WARM_UP_SECONDS)
  await measure()
} finally {
  await collector.stop()
  host.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function measure(): Promise<void> {
  const before = collector.stats()
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  let rssBytes = 0
  for (let second = 0; second < seconds; second++) {
    await sleep(1)
    rssBytes = Math.max(rssBytes, process.memoryUsage.rss())
  }
  const used = process.cpuUsage(cpu)
  const elapsedMs = performance.now() - startedMs
  const after = collector.stats()
  if (before === null || after === null) throw new Error('the collector is not running')
  process.stdout.write(
    [
      `seconds                ${(elapsedMs / 1000).toFixed(1)}`,
      `CPU, % of one core     ${((used.user + used.system) / 10 / elapsedMs).toFixed(2)}`,
      `of it system, %        ${(used.system / 10 / elapsedMs).toFixed(2)}`,
      `RSS, most, MB          ${(rssBytes / 2 ** 20).toFixed(1)}`,
      `reads                  ${after.runner.reads - before.runner.reads}`,
      `missed cells           ${after.runner.missedCells - before.runner.missedCells}`,
      `rows                   ${after.rows - before.rows}`,
      `targets failed         ${after.targets.failed}`,
      '',
    ].join('\n'),
  )
}

function chip(_none: unknown, npu: number): SimulatedNpu {
  const hex = npu.toString(16).toUpperCase()
  return {
    npu,
    chip: 0,
    phyId: npu,
    name: '910B3',
    bus: `0000:${hex}1:00.0`,
    health: 'OK',
    errorCodes: [],
    powerWatts: 180 + npu,
    temperatureCelsius: 45,
    aicorePercent: 60 + npu,
    memoryUsedMb: 40_000,
    memoryTotalMb: 65_536,
    hugepages: { used: 0, total: 0 },
    processes: [{ pid: 1000 + npu, name: 'python', memoryMb: 36_000 }],
    vdie: ['0A1B2C3D', '11223344', '55667788', '99AABBCC', `0000000${hex}`],
    npuUtilPercent: 70,
    aicubePercent: 40,
    aivectorPercent: 20,
    hbmBandwidthPercent: 30,
    hbmTemperatureCelsius: 52,
  }
}

function sleep(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000))
}
