import { runCollector, startFarm } from './collector-run.ts'

/**
 * One collector beside thousands of 8-GPU exporters: 6,250 of them every 15 s is 50,000 devices. The farm
 * runs in another process; what counts is the CPU of this one. The aim is to stay on one core.
 *
 *     bin/node24 bench/scrape.ts [targets] [seconds]
 */
const count = Number(process.argv[2] ?? 6250)
const seconds = Number(process.argv[3] ?? 30)
const farm = await startFarm()
try {
  // Loopback addresses all mean this machine, so the nodes are named: reads are spread by node.
  const targets = Array.from({ length: count }, (_, i) => ({
    address: `http://127.1.${i >> 8}.${i & 255}:${farm.port}/metrics`,
    node: `h${i >> 9}-n${i & 511}`,
  }))
  const cost = await runCollector({
    targets,
    interval: '15s',
    warmUpSeconds: 20,
    seconds,
    pageBytes: farm.pageBytes,
  })
  const cpuMsPerScrape = (cost.cpuPercentOfOneCore / 100) * cost.seconds * (1000 / cost.reads)
  process.stdout.write(
    `${JSON.stringify({ ...cost, targets: count, cpuMsPerScrape: Math.round(cpuMsPerScrape * 1000) / 1000 }, null, 2)}\n`,
  )
} finally {
  farm.stop()
}
