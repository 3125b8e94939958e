import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { DeviceList } from '#schemas/api.ts'
import { createLossCheck, FAULTLESS } from './cli/loss.testing.ts'
import {
  childrenOf,
  freePort,
  type Plimsoll,
  startPlimsoll,
  tempFolder,
  until,
} from './cli/process.testing.ts'
import { type NumberedExporter, startNumberedExporter } from './cli/recorder.testing.ts'
import { connectStore } from './ingest/store/store.ts'

/** `plimsoll all`: everything in one process, the engine its child, ingest reading the spool in place. */

const EXPORTERS = 3
const KILLS = ['all', 'engine child', 'all'] as const

let folder: Awaited<ReturnType<typeof tempFolder>>
let exporters: NumberedExporter[] = []
let port: number
const started: Plimsoll[] = []

beforeEach(async () => {
  folder = await tempFolder()
  port = await freePort()
  exporters = await Promise.all(
    Array.from({ length: EXPORTERS }, (_, index) => startNumberedExporter(`h1-n0${index}`, 2)),
  )
})
afterEach(async () => {
  for (const process of started.splice(0)) await process.kill()
  for (const { exporter } of exporters) await exporter.stop()
  await folder.remove()
})

function start(...args: string[]): Plimsoll {
  const all = startPlimsoll(['all', '--data', folder.path, '--port', String(port), ...args])
  started.push(all)
  return all
}

/** Once a second, so that a kill meets every stage of the way. */
async function startFast(): Promise<Plimsoll> {
  const targets = exporters.map(({ exporter }) => exporter.target)
  const config = join(folder.path, 'collector.yaml')
  await writeFile(config, stringify({ sources: { 'dcgm-exporter': { interval: '1s', targets } } }))
  return start('--config', config)
}

const startWithTargets = () =>
  start(...exporters.flatMap(({ exporter }) => ['--target', exporter.target]))

async function reportingDevices(): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/devices`)
  const { devices } = DeviceList.parse(await answer.json())
  return devices.filter(({ state }) => state === 'reporting').length
}

it('shows a target’s devices within seconds of its start, and SIGTERM ends it with 0', async () => {
  const all = startWithTargets()
  await all.says(/Plimsoll is up: http:\/\/127\.0\.0\.1:\d+[^]*It reads 3 targets/)
  await until('devices', async () => (await reportingDevices()) === EXPORTERS * 2)
  expect(await all.stop()).toBe(0)
  // Its data is no longer in use: the next start takes it over and knows the devices.
  const again = startWithTargets()
  await again.says(/Plimsoll is up/)
  await until('devices', async () => (await reportingDevices()) === EXPORTERS * 2)
  expect(await again.stop()).toBe(0)
}, 60_000)

it('without anything to read it says what it looked for and how to point it elsewhere', async () => {
  // Named, so that what this machine really has does not matter.
  const config = join(folder.path, 'collector.yaml')
  const sources = { 'dcgm-exporter': { port: await freePort() }, 'npu-smi': { command: 'no-npu' } }
  await writeFile(config, stringify({ sources }))
  const all = start('--config', config)
  await all.says(/Plimsoll is up/)
  await all.says(
    /found nothing to read[^]*dcgm-exporter: not here[^]*\/metrics[^]*npu-smi: not here[^]*no-npu on PATH[^]*--target/,
  )
  expect(await all.stop()).toBe(0)
}, 30_000)

it('kill -9 of the process or of its engine loses nothing that was spooled and doubles nothing', async () => {
  const check = createLossCheck(exporters)
  const spool = join(folder.path, 'spool')
  let all = await startFast()
  for (const [round, victim] of KILLS.entries()) {
    await all.says(/targets ok=3/)
    // Every round at another moment of the batch, the insert and the settling.
    await new Promise((resolve) => setTimeout(resolve, 400 + round * 1060))
    if (victim === 'engine child') {
      for (const pid of childrenOf(all.pid)) process.kill(pid, 'SIGKILL')
      continue
    }
    check.killing()
    await all.kill()
    await check.noteSpool(spool)
    all = await startFast()
  }
  await all.says(/targets ok=3/)
  expect(await all.stop()).toBe(0)
  await check.noteSpool(spool)
  for (const { exporter } of exporters) await exporter.stop()

  const last = await startFast()
  await last.says(/Plimsoll is up/)
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  expect(await last.stop()).toBe(0)
  const password = randomBytes(12).toString('hex')
  const enginePort = await freePort()
  const env = { PLIMSOLL_ENGINE_PASSWORD: password }
  started.push(
    startPlimsoll(['engine', '--data', folder.path, '--port', String(enginePort)], { env }),
  )
  const url = `http://127.0.0.1:${enginePort}`
  const store = connectStore({ url, user: 'default', password, database: 'plimsoll' })
  await until('the engine', () => store.ping())
  expect(await check.isDrained(store)).toBe(true)
  const { counts, faults } = await check.verdict(store)
  await store.close()
  console.log(`${KILLS.length} kill -9 of plimsoll all and its engine, two SIGTERM: ${counts}`)
  expect(faults).toEqual(FAULTLESS)
}, 120_000)
