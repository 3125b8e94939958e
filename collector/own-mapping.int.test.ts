import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { type Batch, bitSet } from '#schemas/batch.ts'
import { decodeBatch } from '#schemas/wire.ts'
import { createCollector } from './collector.ts'
import { describeConfig } from './config-check.ts'
import { parseConfig } from './config-file.ts'
import { createHost } from './host.ts'
import { loadSources } from './sources.ts'

/** What a user with an exporter of his own does: a mapping file, `config check`, a collector. Only the bus is a list. */
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-own-mapping-'))
const mapping = join(folder, 'loom.yaml')
const MAPPING = `name: loom
device:
  vendor: loomworks
  model: { labels: [chip], otherwise: Loom }
  uuid: [uuid]
  index: [slot]
  pod: { namespace: ns, pod: pod }
metrics:
  - { from: loom_weave_pct, to: busy_ratio, unit: percent }
  - { from: loom_draw_mw, to: power_watts, unit: milliwatts }
  - { from: loom_mem_used, to: memory_used_bytes, unit: mib, where: { kind: dram } }
`
const row = (slot: number, pod: string) =>
  `uuid="LOOM-00aa-000${slot}",slot="${slot}",chip="Loom 2",ns="lab",pod="${pod}"`
const PAGE = [0, 1]
  .map(
    (slot) => `loom_weave_pct{${row(slot, `p${slot}`)}} ${40 + slot}
loom_draw_mw{${row(slot, `p${slot}`)}} 187500
loom_mem_used{${row(slot, `p${slot}`)},kind="dram"} 2048
loom_mem_used{${row(slot, `p${slot}`)},kind="sram"} 7
`,
  )
  .join('')
const server = createServer((_request, response) => response.end(PAGE))
await new Promise<void>((resolve) => {
  server.listen(0, '127.0.0.1', resolve)
})
const address = server.address()
const port = address !== null && typeof address === 'object' ? address.port : 0
afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

const sources = await loadSources()
const configText = JSON.stringify({
  collector: 'test',
  spool: { directory: join(folder, 'spool') },
  sources: {
    prometheus: {
      mapping,
      interval: '1s',
      targets: [{ address: `http://127.0.0.1:${port}/metrics`, node: 'loom-1' }],
    },
  },
})
const parse = () => parseConfig(configText, { file: 'c.yaml', sources, host: 'here' })

it('a mistake in the mapping is a mistake of the configuration, with file, line and column', () => {
  writeFileSync(mapping, MAPPING.replace('milliwatts', 'horsepower'))
  expect(parse).toThrow(new RegExp(`sources\\.prometheus\\.mapping.*loom\\.yaml:10:\\d+: .*watts`))
})

it("an exporter nobody knows is read by a user's own mapping, as far as the bus", async () => {
  writeFileSync(mapping, MAPPING)
  const config = parse()
  expect(describeConfig(config).join('\n')).toContain('source     prometheus: every 1 s')
  const published: Batch[] = []
  const silent = () => undefined
  const io = createHost(process.env)
  const collector = createCollector({
    config,
    sources,
    publisher: {
      publish({ payload }) {
        const decoded = decodeBatch(payload)
        if (decoded.ok) published.push(decoded.batch)
        return decoded.ok ? Promise.resolve() : Promise.reject(new Error(decoded.reason))
      },
      onWatermark: () => silent,
      onResend: () => silent,
      onControl: () => silent,
      connected: () => true,
    },
    io,
    logger: { info: silent, warn: silent, error: silent },
    random: randomBytes,
  })
  await collector.start()
  const withRows = () => published.find(({ devices }) => devices.length > 0)
  await expect.poll(() => withRows() !== undefined, { timeout: 15_000 }).toBe(true)
  await collector.stop()
  io.stop()

  const batch = withRows()
  expect(batch?.devices).toMatchObject([
    {
      keys: ['uuid:LOOM-00aa-0000'],
      node: 'loom-1',
      vendor: 'loomworks',
      model: 'Loom 2',
      index: 0,
      holder: { namespace: 'lab', pod: 'p0' },
    },
    { keys: ['uuid:LOOM-00aa-0001'], index: 1, holder: { namespace: 'lab', pod: 'p1' } },
  ])
  const values = (name: string) => {
    const column = batch?.columns.find((each) => each.name === name)
    return [0, 1].map((at) =>
      column !== undefined && bitSet(column.valid, at) ? (column.values[at] ?? null) : null,
    )
  }
  expect(values('busy_ratio')).toEqual([0.4, 0.41].map(Math.fround))
  expect(values('power_watts')).toEqual([187.5, 187.5])
  expect(values('memory_used_bytes')).toEqual([2 ** 31, 2 ** 31])
}, 30_000)
