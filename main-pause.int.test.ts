import { afterAll, beforeAll, expect, it } from 'vitest'
import { CollectionAnswer } from '#schemas/api.ts'
import { runPlimsoll, startPlimsoll, tempFolder, until } from './cli/process.testing.ts'
import { prepareSite, type Site, startExporter } from './cli/site.testing.ts'

/** A pause is ordered at the API of a site of separate processes and holds at its collector. */

const PAGE = `DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-11111111-2222-3333-4444-555555555555",Hostname="n1"} 50\n`
/** What the issue allows from the order to its effect. */
const EFFECT_MS = 30_000

let folder: Awaited<ReturnType<typeof tempFolder>>
let site: Site
beforeAll(async () => {
  folder = await tempFolder()
  site = await prepareSite(folder.path)
}, 60_000)
afterAll(async () => {
  await site.stop()
  await folder.remove()
})

const outcome = async () => {
  const answer = await fetch(`${site.url}/api/v1/collection`)
  return CollectionAnswer.parse(await answer.json()).targets[0]
}

it('a source is paused fleet-wide within 30 s, says why, and goes on when the pause is ended', async () => {
  const exporter = await startExporter(() => ({ body: PAGE }))
  site.startIngest()
  await site.startQuery()
  const env = { ...site.env, PLIMSOLL_DATA: `${folder.path}/collector` }
  const collector = startPlimsoll(['collector', '--target', exporter.target], { env })
  await until('an answer', async () => (await outcome())?.outcome === 'ok')

  const order = ['--source', 'dcgm-exporter', '--nodes', '*', '--for', '10m', '--reason', 'upgrade']
  const orderedMs = performance.now()
  const paused = await runPlimsoll(['pause', ...order, '--server', site.url])
  expect(paused.stdout).toMatch(/Paused now:\s+([0-9a-f]{16})\s+dcgm-exporter on \*/)
  await until('the pause', async () => (await outcome())?.reason === 'paused')
  const tookMs = performance.now() - orderedMs
  expect((await outcome())?.detail).toMatch(/^paused by local until .*: upgrade$/)
  expect(tookMs).toBeLessThan(EFFECT_MS)
  console.log(`a pause held at the collector ${(tookMs / 1000).toFixed(1)} s after it was ordered`)

  const id = /([0-9a-f]{16})/.exec(paused.stdout)?.[1] ?? ''
  const ended = await runPlimsoll(['pause', '--end', id, '--server', site.url])
  expect(ended.stdout).toContain('No source is paused.')
  await until('reading again', async () => (await outcome())?.outcome === 'ok')
  expect(await collector.stop()).toBe(0)
  await exporter.stop()
}, 120_000)
