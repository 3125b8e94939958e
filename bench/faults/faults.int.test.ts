import { afterAll, expect, it } from 'vitest'
import { makePlan } from './plan.ts'
import { makeReport, reportLines } from './report.ts'
import { runPlan } from './run.ts'
import { removeSite, type Site, startSite } from './site.ts'

/** Hundreds of faults: npm run faults -- --minutes 30 --seed 1. */

const SEED = 20_261_122
const FAULTS = 60
const WINDOW_MS = 32_000

let site: Site | null = null
afterAll(async () => {
  await site?.stop()
})

it(`keeps every batch, row and settled minute exactly once through ${FAULTS} faults`, async () => {
  const beganMs = performance.now()
  const said: string[] = []
  const say = (line: string) => void said.push(line)
  site = await startSite({ seed: SEED, warn: say })
  const result = await runPlan(site, {
    plan: makePlan(SEED, FAULTS, WINDOW_MS),
    floodDevices: 8000,
    checkEvery: FAULTS,
    limits: { quietMs: 120_000, settledMs: 60_000 },
    say,
  })
  const report = makeReport(site, result, performance.now() - beganMs)
  if (report.violations.length > 0) console.log([...said, ...reportLines(report)].join('\n'))
  expect(report.violations).toEqual([])
  expect(report).toMatchObject({ faults: FAULTS, lost: 0, duplicated: 0 })
  expect(report.stored_batches).toBeGreaterThan(20)
  await site.stop()
  await removeSite(site)
  site = null
}, 300_000)
