import { runCollector, startFarm } from './collector-run.ts'

/**
 * One collector beside thousands of 8-GPU exporters: 6,250 of them every 15 s is 50,000 devices. The farm
 * runs in another process; what counts is the CPU of this one. The aim is to stay on one core.
 *
 *     bin/node24 bench/scrape.ts [targets] [seconds] [interval seconds]
 *
 * On a machine that is busy with other things a longer interval keeps the count of targets and lowers the
 * rate; `coresAt15s` is then the cost of a scrape times 417 a second.
 */
const count = Number(process.argv[2] ?? 6250)
const seconds = Number(process.argv[3] ?? 30)
const interval = Number(process.argv[4] ?? 15)
const farm = await startFarm()
try {
  // Loopback addresses all mean this machine, so the nodes are named: reads are spread by node.
  const targets = Array.from({ length: count }, (_, i) => ({
    address: `http://127.1.${i >> 8}.${i & 255}:${farm.port}/metrics`,
    node: `h${i >> 9}-n${i & 511}`,
  }))
  const cost = await runCollector({
    targets,
    interval: `${interval}s`,
    warmUpSeconds: interval + 5,
    seconds,
    pageBytes: farm.pageBytes,
  })
  const cpuMsPerScrape = (cost.cpuPercentOfOneCore * cost.seconds * 10) / cost.reads
  const coresAt15s = (cpuMsPerScrape * count) / 15_000
  const rounded = (value: number) => Math.round(value * 1000) / 1000
  const result = {
    ...cost,
    targets: count,
    cpuMsPerScrape: rounded(cpuMsPerScrape),
    coresAt15s: rounded(coresAt15s),
  }
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
} finally {
  farm.stop()
}
