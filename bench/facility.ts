/**
 * 2,000 meters and one collector: `npm run bench -- facility [--short] [--json] [--redfish N] [--snmp N] [--modbus N] [--only a,b]`.
 * PDUs and cooling units by Redfish over TLS, SNMP and Modbus TCP, 5 % of them slow, silent or broken, in processes of their own; what
 * counts is CPU and memory of the collector, what the bad ones cost the good ones, and how long a leak takes to the spool.
 */
import { parseArgs } from 'node:util'
import { runFacility } from './facility/run.ts'
import type { Scene } from './facility/scene.ts'

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    redfish: { type: 'string', default: '800' },
    snmp: { type: 'string', default: '800' },
    modbus: { type: 'string', default: '400' },
    only: { type: 'string', default: 'product,mix,sound,poll' },
    seconds: { type: 'string' },
    trials: { type: 'string' },
  },
})

const counts = {
  redfish: Number(options.redfish),
  snmp: Number(options.snmp),
  modbus: Number(options.modbus),
}
const seconds = Number(options.seconds ?? (options.short ? 30 : 90))
const trials = Number(options.trials ?? (options.short ? 30 : 90))

/** `product`: `mix` read by `plimsoll collector` itself. `mix`: every 30 s, traps and events. `sound`: the same without bad devices. `poll`: fast points every 2 s, the rest every 30 s. */
const SCENES: readonly Scene[] = [
  { name: 'product', intervalS: 30, hasBad: true, tells: true, trials: 0, isProduct: true },
  { name: 'mix', intervalS: 30, hasBad: true, tells: true, trials, isProduct: false },
  { name: 'sound', intervalS: 30, hasBad: false, tells: true, trials: 0, isProduct: false },
  { name: 'poll', intervalS: 2, hasBad: true, tells: false, trials, isProduct: false },
]

const wanted = options.only.split(',')
const results = []
for (const scene of SCENES.filter(({ name }) => wanted.includes(name))) {
  process.stderr.write(`${scene.name}: ${Object.values(counts).join(' + ')} meters\n`)
  results.push(await runFacility(scene, { counts, seconds }))
}
if (options.json) process.stdout.write(`${JSON.stringify(results)}\n`)
else
  for (const { latencyMs, fastLane, ...figures } of results) {
    console.table([figures])
    if (latencyMs.length > 0) console.table(latencyMs)
    if (fastLane.length > 0) console.table(fastLane)
  }
