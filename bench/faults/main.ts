/**
 * `npm run faults -- --minutes N --seed S [--faults N] [--json] [--plan]`: the real pipeline (nats-server, ingest with
 * settle, engine, three collectors) under seeded faults, and a checker. Exit code 1 on any violation.
 */
import { parseArgs } from 'node:util'
import { describeFault, makePlan } from './plan.ts'
import { makeReport, reportLines } from './report.ts'
import { runPlan } from './run.ts'
import { removeSite, startSite } from './site.ts'

const USAGE = `npm run faults -- --minutes N --seed S [--faults N] [--json] [--plan]
  --minutes N  how long it may take, 1 to 60 (default 10)
  --seed S     the same seed gives the same plan (default 1)
  --faults N   how many; default: one every 1.5 s
  --plan       prints the plan and ends
  --json       the last line is one object`

/** Of a run: start, and the wait until everything is quiet at the end. */
const OVERHEAD_MS = 30_000
const FAULT_MS = 1500
const CHECKS = 3
const LIMITS = { quietMs: 180_000, settledMs: 90_000 } as const
/** The whole flood in a run of minutes; a part of it in a short one. */
const FLOOD = { whole: 100_000, part: 8000, fromMinutes: 5 } as const

function optionsOf(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const { values } = parseArgs({
    args: [...args],
    options: { minutes: text, seed: text, faults: text, json: flag, plan: flag },
  })
  const whole = (
    name: 'minutes' | 'seed' | 'faults',
    least: number,
    most: number,
    otherwise: number,
  ) => {
    const value = values[name] === undefined ? otherwise : Number(values[name])
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw new RangeError(`--${name}: a whole number from ${least} to ${most}`)
  }
  const minutes = whole('minutes', 1, 60, 10)
  const windowMs = Math.max(20_000, minutes * 60_000 * 0.85 - OVERHEAD_MS)
  return {
    minutes,
    windowMs,
    seed: whole('seed', 0, 2 ** 31 - 1, 1),
    faults: whole('faults', 1, 10_000, Math.round(windowMs / FAULT_MS)),
    isJson: values.json === true,
    isPlanOnly: values.plan === true,
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { minutes, windowMs, seed, faults, isJson, isPlanOnly } = optionsOf(args)
  const plan = makePlan(seed, faults, windowMs)
  if (isPlanOnly) {
    for (const fault of plan)
      console.log(`${(fault.atMs / 1000).toFixed(1).padStart(7)} s  ${describeFault(fault)}`)
    return 0
  }
  const beganMs = performance.now()
  const site = await startSite({ seed, warn: (sentence) => console.log(`!! ${sentence}`) })
  console.log(
    `seed ${seed}: ${faults} faults in about ${minutes} min; logs and journals in ${site.folder}`,
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void site.stop().finally(() => process.exit(130)))
  try {
    const result = await runPlan(site, {
      plan,
      floodDevices: minutes >= FLOOD.fromMinutes ? FLOOD.whole : FLOOD.part,
      checkEvery: Math.max(60, Math.ceil(faults / CHECKS)),
      limits: LIMITS,
      say: (line) => console.log(line),
    })
    const report = makeReport(site, result, performance.now() - beganMs)
    await site.stop()
    for (const line of reportLines(report)) console.log(line)
    const isClean = report.violations.length === 0
    if (isClean) await removeSite(site)
    else
      console.log(
        `Again: npm run faults -- --minutes ${minutes} --seed ${seed} --faults ${faults}. What it left: ${site.folder}`,
      )
    if (isJson) console.log(JSON.stringify(report))
    return isClean ? 0 : 1
  } finally {
    await site.stop()
  }
}

try {
  process.exit(await main(process.argv.slice(2)))
} catch (error) {
  console.error(error instanceof RangeError ? `${error.message}\n${USAGE}` : error)
  process.exit(2)
}
