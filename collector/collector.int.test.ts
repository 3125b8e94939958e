import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Batch, bitSet } from '#schemas/batch.ts'
import type { BatchRecord } from '#schemas/records.ts'
import { decodeBatch } from '#schemas/wire.ts'
import { createCollector } from './collector.ts'
import { parseConfig } from './config-file.ts'
import { createHost } from './host.ts'
import { loadSources } from './sources.ts'

/** Real sockets, real processes, a real spool on disk; only the bus is a list. */
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-collector-'))
const cases = join(import.meta.dirname, 'sources')
const page = readFileSync(join(cases, 'dcgm-exporter/testcases/h100-sxm-x8-4.4.0/input.prom'))
const npuBox = join(cases, 'npu-smi/testcases/910B3-24.1.rc1-layout5')
let server: Server
let port = 0

beforeAll(async () => {
  mkdirSync(join(folder, 'bin'))
  const tool = join(folder, 'bin', 'npu-smi')
  writeFileSync(tool, `#!/bin/sh\n[ "$#" = 1 ] && cat ${npuBox}/input.* || exit 1\n`)
  chmodSync(tool, 0o755)
  server = createServer((request, response) => {
    if (request.url === '/metrics') response.end(page)
    else if (request.url === '/huge') response.end(Buffer.alloc(20 << 20, 'x'))
    else if (request.url === '/broken') response.writeHead(500).end('internal server error')
    else if (request.url === '/empty') response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  port = address !== null && typeof address === 'object' ? address.port : 0
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('the collector on a machine', () => {
  it('reads exporters and tools side by side; what is broken is one line each and disturbs nobody', async () => {
    const sources = await loadSources()
    const at = (path: string, node: string) => ({
      address: `http://127.0.0.1:${port}${path}`,
      node,
    })
    const text = JSON.stringify({
      collector: 'test',
      node: 'this-node',
      spool: { directory: join(folder, 'spool') },
      sources: {
        'dcgm-exporter': {
          interval: '1s',
          targets: [
            at('/metrics', 'gpu-1'),
            at('/huge', 'gpu-2'),
            at('/broken', 'gpu-3'),
            at('/empty', 'gpu-4'),
            at('/never', 'gpu-5'),
            { address: 'http://127.0.0.1:1/metrics', node: 'gpu-6' },
          ],
        },
        'npu-smi': { interval: '2s' },
      },
    })
    const published: Batch[] = []
    const io = createHost({ ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` })
    const silent = () => undefined
    const collector = createCollector({
      config: parseConfig(text, { file: 'test', sources, host: 'this-node' }),
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
    const lines = () => new Map(targetLines(published).map((line) => [line.node, line]))
    await expect.poll(() => lines().size, { timeout: 15_000 }).toBe(7)
    await expect.poll(() => lines().get('gpu-5')?.reason, { timeout: 5000 }).toBe('timeout')
    await collector.stop()
    io.stop()

    const reasons = Object.fromEntries([...lines()].map(([node, line]) => [node, line.reason]))
    expect(reasons).toEqual({
      'gpu-1': '',
      'gpu-2': 'too_large',
      'gpu-3': 'http_500',
      'gpu-4': 'empty_page',
      'gpu-5': 'timeout',
      'gpu-6': 'refused',
      'this-node': '',
    })
    const expected = sources.find(({ name }) => name === 'dcgm-exporter')?.interpret(page)
    expect(expected?.devices).toHaveLength(8)
    for (const device of expected?.devices ?? []) {
      const known = Object.entries(device.metrics).filter(([, value]) => value !== null)
      // Gauges travel as float32.
      const values = Object.fromEntries(
        known.map(([name, value]) => [name, Math.fround(value ?? 0)]),
      )
      expect(valuesOf(published, device.keys[0] ?? '')).toMatchObject(values)
    }
    const npus = published
      .flatMap(({ devices }) => devices)
      .filter(({ vendor }) => vendor === 'huawei')
    expect(npus.length).toBeGreaterThan(0)
    expect(npus.every(({ node }) => node === 'this-node')).toBe(true)
  }, 30_000)
})

function targetLines(batches: readonly Batch[]) {
  return batches
    .flatMap((batch): readonly BatchRecord[] => batch.records)
    .filter((record) => record.kind === 'target')
}

/** Values of the first row of a device, as a reader of the bus sees them. */
function valuesOf(batches: readonly Batch[], key: string): Record<string, number> {
  for (const { devices, columns, present } of batches) {
    const row = devices.findIndex(({ keys }) => keys[0] === key)
    if (row < 0 || !bitSet(present, row)) continue
    return Object.fromEntries(
      columns.flatMap(({ name, valid, values }) =>
        bitSet(valid, row) ? [[name, Math.fround(values[row] ?? 0)] as const] : [],
      ),
    )
  }
  return {}
}
