import { runCollector, startFarm } from './collector-run.ts'

/**
 * One node: 8 devices read every second through HTTP, parser, merge, wire and an fsynced spool. The aim is
 * under 2 % of one core and 100 MB.
 *
 *     bin/node24 bench/collector.ts [seconds]
 */
const seconds = Number(process.argv[2] ?? 20)
const farm = await startFarm()
try {
  const targets = [{ address: `http://127.0.0.1:${farm.port}/metrics`, node: 'n1' }]
  const cost = await runCollector({
    targets,
    interval: '1s',
    warmUpSeconds: 5,
    seconds,
    pageBytes: farm.pageBytes,
  })
  process.stdout.write(`${JSON.stringify(cost, null, 2)}\n`)
} finally {
  farm.stop()
}
