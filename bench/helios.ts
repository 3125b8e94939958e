/**
 * Helios, the whole month: `npm run bench -- helios [--json]`. Reads shared/traces beside the checkout: 16 virtual
 * clusters, 856 GPUs, 44,640 minutes, stored sample by sample in a data set, settled by the ledger and compared with
 * every line of the expected files. Ends with an error when a digit differs.
 */
import { startTestEngine } from '../ingest/engine/engine.testing.ts'
import {
  agrees,
  compareHelios,
  expectedRows,
  heliosAnswers,
  heliosFiles,
  heliosQuartiles,
  importHelios,
  isHeliosHere,
  may,
  WEEKS,
} from '../ingest/history/helios.testing.ts'

const ENGINE_BYTES = 6 * 1024 ** 3
/** EXPECTED.md 1.2: used and idle GPU-hours and the share of the whole fleet. */
const FLEET = {
  '18': { used: '38039.9833', idle: '23592.0167', share: '0.617212' },
  '19': { used: '75784.5000', idle: '68023.5000', share: '0.526984' },
  '21': { used: '113198.0667', idle: '30609.9333', share: '0.787147' },
  '22': { used: '100060.4833', idle: '43747.5167', share: '0.695792' },
} as const
const MONTH = { used: '424772.6167', idle: '212091.3833', share: '0.666975' }
/** Half of the last digit that the file prints, and of the digit that its own source was rounded to. */
const QUARTILE_TOLERANCE = 0.1
const isJson = process.argv.includes('--json')

if (!isHeliosHere) throw new Error('shared/traces is not beside the checkout')
const engine = await startTestEngine({ migrated: true, memoryBytes: ENGINE_BYTES })
try {
  const startMs = performance.now()
  const report = await importHelios(engine.store, heliosFiles())
  const importS = (performance.now() - startMs) / 1000
  const answers = heliosAnswers(engine.reader)
  const pools = new Set(expectedRows('helios_vc_month.csv').map((row) => row['vc'] ?? ''))
  const compared = await compareHelios(answers, { pools, days: 31, isFleet: true })
  const differences = [...compared.differences]
  for (const [week, expected] of Object.entries(FLEET)) {
    const [first, end] = WEEKS[week] ?? [1, 1]
    if (!agrees(await answers.fleet(may(first), may(end)), expected))
      differences.push(`fleet W${week}`)
  }
  if (!agrees(await answers.fleet(may(1), may(32)), MONTH)) differences.push('fleet May')
  const quartiles = await heliosQuartiles(answers)
  let quartileError = 0
  for (const row of expectedRows('helios_vc_month.csv')) {
    const expected = ['q1', 'median', 'q3'].map((name) => Number(row[`${name}_pct_excl_may10`]))
    const found = quartiles.get(row['vc'] ?? '') ?? []
    for (const [at, value] of expected.entries())
      quartileError = Math.max(quartileError, Math.abs((found[at] ?? Number.NaN) - value))
  }
  if (!(quartileError <= QUARTILE_TOLERANCE)) differences.push(`a quartile is ${quartileError} off`)
  const row = {
    devices: report.files.reduce((sum, { devices }) => sum + devices, 0),
    samples: report.files.reduce((sum, { samples }) => sum + samples, 0),
    minutes_settled: report.minutesSettled,
    import_s: Math.round(importS),
    lines_compared: compared.lines + Object.keys(FLEET).length + 1,
    lines_different: differences.length,
    quartile_off_max: Math.round(quartileError * 1e4) / 1e4,
  }
  if (isJson) console.log(JSON.stringify({ helios: row }))
  else console.table([row])
  for (const difference of differences) console.error(difference)
  if (differences.length > 0) process.exitCode = 1
} finally {
  await engine.stop()
}
