import { parseArgs } from 'node:util'
import { obtainProgram } from './peers/installed.ts'
import { runSustained, type SustainedResult } from './sustained/run.ts'
import { costLine, printSustained, sustainedJson } from './sustained/table.ts'

/**
 * The central plane under the traffic of a fleet at its true rate: lag, CPU and memory as time goes by, and whether
 * every sample is in the table exactly once. See bench/README.md.
 */
const { values: given } = parseArgs({
  options: {
    devices: { type: 'string', default: '50000' },
    interval: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '10' },
    sweep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    install: { type: 'boolean', default: false },
    /** More options for `plimsoll ingest`, separated by blanks. */
    'ingest-args': { type: 'string', default: '' },
  },
})
const SWEEP = [5000, 20_000, 50_000]

const startedMs = performance.now()
const say = (line: string) =>
  console.error(
    `${String(Math.round((performance.now() - startedMs) / 1000)).padStart(5)} s  ${line}`,
  )
obtainProgram('nats-server', given.install)

const results: SustainedResult[] = []
for (const devices of given.sweep ? SWEEP : [Number(given.devices)]) {
  const shape = { devices, collectors: Math.ceil(devices / 6250), cluster: 'bench', seed: 7 }
  const result = await runSustained({
    shape,
    stepMs: Number(given.interval) * 1000,
    minutes: Number(given.minutes),
    ingestArgs: given['ingest-args'].split(' ').filter((word) => word !== ''),
    say,
  })
  results.push(result)
  if (result.sent.rows !== result.rowsInTable || result.sent.rows !== result.rowsOnce) {
    console.error(
      `sent ${result.sent.rows} rows, ${result.rowsInTable} are in the table, ${result.rowsOnce} of them different`,
    )
    process.exitCode = 1
  }
}
printSustained(results)
const line = results.length > 1 ? costLine(results) : null
if (line !== null) {
  console.log(
    `a device costs ${line.cores_per_1000_devices} cores per 1,000; fixed ${line.fixed_cores_intercept} (line at 0 devices), ${line.fixed_cores_idle} (idle, measured)`,
  )
  console.table(line.marginal)
}
if (given.json)
  console.log(
    JSON.stringify(
      line === null ? sustainedJson(first()) : { ...line, runs: results.map(sustainedJson) },
    ),
  )

function first(): SustainedResult {
  const [result] = results
  if (result === undefined) throw new Error('no run')
  return result
}
