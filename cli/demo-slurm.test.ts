import { expect, it } from 'vitest'
import { buildFleet } from '../demo/fleet/layout.ts'
import { createFleetModel } from '../demo/fleet/state.ts'
import type { JournalBody } from '#schemas/journal.ts'
import { demoSlurm } from './demo-slurm.ts'

const SINCE = Date.UTC(2026, 4, 1)
const NOW = SINCE + 86_400_000

it('tells the journal who holds what in its cluster, and at a second look only what changed', async () => {
  const model = createFleetModel(buildFleet(256, 1), SINCE, NOW)
  const bodies: JournalBody[] = []
  const journal = {
    append: async (change: { at_ms: number; who: string; body: JournalBody }) => {
      bodies.push(change.body)
      return { ...change, sequence: bodies.length }
    },
    readFrom: async () => [],
    last: async () => bodies.length,
  }
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const role = demoSlurm({
    model,
    journal: async () => journal,
    sinceMs: SINCE,
    clock: () => NOW,
    log,
  })
  await role.start()
  await role.stop()
  const rows = bodies.flatMap((body) => (body.kind === 'allocations' ? body.allocations : []))
  const scopes = bodies.flatMap((body) => (body.kind === 'allocations' ? body.scopes : []))
  expect(rows.length).toBeGreaterThan(20)
  expect(rows.every(({ source, to_ms }) => source === 'slurm' && to_ms === null)).toBe(true)
  expect(scopes).toMatchObject([{ source: 'slurm', cluster: 'basalt', from_ms: NOW, to_ms: null }])
  const nodes = new Set(
    model.fleet.nodes.flatMap(({ name, cluster }) => (cluster === 'basalt' ? [name] : [])),
  )
  expect(rows.every(({ node }) => nodes.has(node))).toBe(true)
  const before = bodies.length
  await role.start()
  await role.stop()
  expect(bodies.length).toBe(before)
})
