import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCollector } from '../collector/collector.ts'
import { parseConfig } from '../collector/config-file.ts'
import { createHost } from '../collector/host.ts'
import { loadSources } from '../collector/sources.ts'
import { DEFAULT_FIELDS } from '../collector/sources/dcgmi-dmon/map.ts'
import {
  simulatedNode,
  simulatedValues,
  writeDiscoveryList,
  writeDmonHeader,
  writeDmonRow,
} from '../collector/sources/dcgmi-dmon/simulate.ts'

/**
 * One node: 8 GPUs printed every second by a stand-in for `dcgmi dmon` (a child of its own, in the real format),
 * through pipe, parser, merge, wire and an fsynced spool. The aim is under 2 % of one core and 100 MB.
 *
 *     MALLOC_ARENA_MAX=1 bin/node24 --max-semi-space-size=1 bench/dmon-node.ts [seconds]
 *
 * Those are the settings that bin/plimsoll starts a collector with; without them it keeps about 25 MB more.
 */
const GPUS = 8
const WARM_UP_SECONDS = 5
const seconds = Number(process.argv[2] ?? 20)
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-dmon-'))

/** Pre-written passes, so that the stand-in costs next to nothing; it prints the header again as dmon does. */
function writeTool(): { command: string; passBytes: number } {
  const gpus = simulatedNode(GPUS)
  const passes = Array.from({ length: 15 }, (_, tick) =>
    gpus
      .map(({ id }) => {
        const values = simulatedValues(DEFAULT_FIELDS, (tick + id) / 24, tick)
        return writeDmonRow('4.4', DEFAULT_FIELDS, { entity: `GPU ${id}`, values })
      })
      .join(''),
  )
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text)
  put('list', writeDiscoveryList(gpus))
  put('header', writeDmonHeader('4.4', DEFAULT_FIELDS))
  passes.forEach((pass, at) => put(`pass-${at}`, pass))
  const command = join(folder, 'dcgmi')
  const script = `#!/bin/sh
case "$1" in
  dmon) while :; do cat ${folder}/header; for pass in ${passes.map((_, at) => `${folder}/pass-${at}`).join(' ')}; do cat "$pass"; sleep 1; done; done;;
  discovery) [ "$2" = -l ] && cat ${folder}/list;;
  *) echo 'dcgmi  version: 4.4.1';;
esac
`
  writeFileSync(command, script)
  chmodSync(command, 0o755)
  return { command, passBytes: Buffer.byteLength(passes[0] ?? '') }
}

const tool = writeTool()
const sources = (await loadSources()).filter((source) => source.name === 'dcgmi-dmon')
const text = JSON.stringify({
  spool: { directory: join(folder, 'spool') },
  sources: { 'dcgmi-dmon': { interval: '1s', command: tool.command } },
})
const silent = () => undefined
const host = createHost()
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
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

try {
  await collector.start()
  await sleep(WARM_UP_SECONDS * 1000)
  const before = collector.stats()
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  let rss = 0
  for (let second = 0; second < seconds; second += 1) {
    await sleep(1000)
    rss = Math.max(rss, process.memoryUsage.rss())
  }
  const used = process.cpuUsage(cpu)
  const elapsedMs = performance.now() - startedMs
  const after = collector.stats()
  if (before === null || after === null) throw new Error('the collector is not running')
  const percent = (micros: number) => `${(micros / 10 / elapsedMs).toFixed(2)} %`
  const rows = [
    ['GPUs, fields, bytes a pass', `${GPUS}, ${DEFAULT_FIELDS.length}, ${tool.passBytes}`],
    ['seconds', (elapsedMs / 1000).toFixed(1)],
    ['CPU of one core', percent(used.user + used.system)],
    ['of it in the kernel', percent(used.system)],
    ['RSS, highest', `${(rss / 2 ** 20).toFixed(1)} MiB`],
    [
      'reads, missed',
      `${after.runner.reads - before.runner.reads}, ${after.runner.missedCells - before.runner.missedCells}`,
    ],
    ['device rows', String(after.rows - before.rows)],
    ['targets that fail', String(after.targets.failed)],
  ]
  for (const [name, value] of rows) process.stdout.write(`${name?.padEnd(28)}${value}\n`)
} finally {
  await collector.stop()
  host.stop()
  rmSync(folder, { recursive: true, force: true })
}
