/**
 * `npm test`: sets up what is missing, builds the dashboard, runs every suite and ends with one line of
 * counts. With CI=true a skipped test is a failure; elsewhere only a missing ../shared may skip, and the
 * last line counts it.
 *
 * Arguments are handed to Vitest: `npm test -- collector` runs one folder.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { z } from 'zod'
import { ensurePrograms } from './setup.ts'

const VitestReport = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numFailedTestSuites: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
})

function run(args: readonly string[], temporary = tmpdir()): number {
  // Debian puts nats-server into /usr/sbin, which is not on every user's PATH.
  const PATH = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin`
  // Pictures of a page that looks different are for a person, after the run.
  const env = { ...process.env, PATH, TMPDIR: temporary, PLIMSOLL_KEPT: tmpdir() }
  return spawnSync(process.execPath, [...args], { stdio: 'inherit', env }).status ?? 1
}

function readReport(path: string): z.infer<typeof VitestReport> | null {
  try {
    return VitestReport.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return null
  }
}

function main(): number {
  const missing = ensurePrograms((line) => console.log(line))
  if (missing.length > 0) {
    console.log(`0 passed, 1 failed`)
    return 1
  }
  if (run(['scripts/build-dashboard.ts']) !== 0) {
    console.log('0 passed, 1 failed')
    return 1
  }
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-test-'))
  const reportPath = join(folder, 'report.json')
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=json']
  // What tests leave behind, a killed process's folder for one, goes with this folder.
  const status = run(
    [...vitest, `--outputFile.json=${reportPath}`, ...process.argv.slice(2)],
    folder,
  )
  const report = readReport(reportPath)
  rmSync(folder, { recursive: true, force: true })
  if (report === null) {
    console.log('the test runner wrote no report\n0 passed, 1 failed')
    return 1
  }
  const skipped = report.numPendingTests + report.numTodoTests
  const skipsFail = process.env['CI'] === 'true' && skipped > 0
  // A suite that broke before its first test counts as one failure, or it would vanish from the line.
  let failed = report.numFailedTests
  if (failed === 0 && (report.numFailedTestSuites > 0 || status !== 0))
    failed = Math.max(1, report.numFailedTestSuites)
  if (skipsFail) {
    console.log(`${skipped} tests were skipped; with CI=true that is a failure`)
    failed += skipped
  } else if (skipped > 0) {
    console.log(
      `${skipped} tests were skipped: ../shared (reference outputs) is not beside this checkout`,
    )
  }
  console.log(
    `${report.numPassedTests} passed, ${failed} failed` +
      (skipped > 0 && !skipsFail ? `, ${skipped} skipped` : ''),
  )
  return failed === 0 ? 0 : 1
}

process.exitCode = main()
