import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { HttpResult, SourceIo } from '../../source.ts'
import { type SimulatedNode, writeHygon, writeNodeExporter } from './simulate.ts'
import source from './source.ts'

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-mapping-'))
afterAll(() => rmSync(folder, { recursive: true }))

const NODE: SimulatedNode = {
  instance: null,
  load1: 1,
  cpus: [{ user: 10, system: 5, idle: 100, iowait: 2 }],
  memoryTotalBytes: 1e12,
  memoryAvailableBytes: 5e11,
  processesBlocked: 0,
  disks: [],
  filesystems: [],
  interfaces: [],
  clockOffsetSeconds: 0.001,
  isClockSynchronised: true,
  bootTimeSeconds: 1.7e9,
  ports: [],
}

const DEVICE = {
  uuid: 'TQVN00012345',
  index: 0,
  model: 'BW1000',
  node: 'dcu-01',
  busyPercent: 40,
  memoryUsedBytes: 1024,
  memoryTotalBytes: 2 ** 36,
  temperatureCelsius: 50,
  powerWatts: 200,
}

function host(answer: Partial<HttpResult>) {
  const asked: string[] = []
  const io: SourceIo = {
    run: () => Promise.reject(new Error('an exporter is not run')),
    stream: () => 'busy',
    hasCommand: () => Promise.resolve(false),
    get: (url) => {
      asked.push(url)
      return Promise.resolve({ status: 200, body: new Uint8Array(), failure: null, ...answer })
    },
  }
  const read = (options: unknown = {}) =>
    source.read({
      io,
      target: { address: 'http://n1:9100/metrics', node: 'n1' },
      config: source.config.parse(options),
      nowMs: 60_000,
      timeoutMs: 5000,
      memory: new Map(),
    })
  const detect = (options: unknown = {}) => source.detect(io, source.config.parse(options), 'n1')
  return { read, detect, asked }
}
const page = (text: string) => ({ body: new TextEncoder().encode(text) })
const NODE_PAGE = page(writeNodeExporter([NODE]))

describe('options', () => {
  it('the default is node_exporter, and a built-in or several can be named', () => {
    expect(source.config.parse({})).toMatchObject({ mapping: [{ name: 'node-exporter' }] })
    expect(source.config.parse({ mapping: ['metax', 'node-exporter'] })).toMatchObject({
      mapping: [{ name: 'metax' }, { name: 'node-exporter' }],
    })
    expect(source.config.safeParse({ mapping: [] }).success).toBe(false)
    expect(source.config.safeParse({ maping: 'metax' }).success).toBe(false)
  })

  it("a user's own file is read, and its mistakes are the option's mistakes, with file and line", () => {
    const file = join(folder, 'mine.yaml')
    const text = 'name: mine\nmetrics:\n  - { from: my_load, to: load_1m, unit: count }\n'
    writeFileSync(file, text)
    expect(source.config.parse({ mapping: file })).toMatchObject({ mapping: [{ name: 'mine' }] })
    writeFileSync(file, text.replace('load_1m', 'load_2m'))
    const { error } = source.config.safeParse({ mapping: file })
    expect(error?.issues[0]?.path).toEqual(['mapping'])
    expect(error?.issues[0]?.message).toBe(
      `${file}:3:26: metrics[0].to: there is no metric "load_2m"`,
    )
  })
})

describe('detect', () => {
  it('looks for node_exporter on its port', async () => {
    const { asked, detect } = host(NODE_PAGE)
    expect(await detect()).toEqual({
      state: 'present',
      looked: 'http://127.0.0.1:9100/metrics',
      target: { address: 'http://127.0.0.1:9100/metrics', node: 'n1' },
    })
    expect(asked).toEqual(['http://127.0.0.1:9100/metrics'])
  })

  it('says what it found otherwise', async () => {
    expect(await host({ failure: 'refused' }).detect()).toMatchObject({ state: 'absent' })
    expect(await host({ failure: 'timeout' }).detect()).toMatchObject({
      state: 'broken',
      reason: 'timeout',
    })
    const other = await host(page('up 1\n')).detect()
    expect(other).toMatchObject({ state: 'absent' })
    expect(other.looked).toContain('something else')
    expect(await host(NODE_PAGE).detect({ mapping: 'metax' })).toMatchObject({ state: 'absent' })
    expect(await host(NODE_PAGE).detect({ port: 9101, path: '/node' })).toMatchObject({
      looked: 'http://127.0.0.1:9101/node',
    })
  })
})

describe('read', () => {
  it('uses the mappings of its options only, and of several the one that fits', async () => {
    const dcu = page(writeHygon([DEVICE]))
    expect(await host(dcu).read()).toMatchObject({ outcome: 'failed', reason: 'no_known_metric' })
    const both = { mapping: ['node-exporter', 'hygon-dcu'] }
    expect((await host(dcu).read(both)).toolLabels['mapping']).toBe('hygon-dcu')
    expect((await host(NODE_PAGE).read(both)).toolLabels['mapping']).toBe('node-exporter')
  })

  it('half a page is a failure: sums over it would be wrong', async () => {
    const cut = { ...NODE_PAGE, failure: 'closed_early' } as const
    expect(await host(cut).read()).toMatchObject({ outcome: 'failed', reason: 'closed_early' })
  })

  it('a page with more series than are read is a failure too', async () => {
    const rows = Array.from({ length: 50_001 }, (_, cpu) => `node_load1{x="${cpu}"} 1`)
    expect(await host(page(rows.join('\n'))).read()).toMatchObject({
      outcome: 'failed',
      reason: 'too_large',
    })
  })

  it.each([
    ['refused', { failure: 'refused' }],
    ['timeout', { failure: 'timeout' }],
    ['dns', { failure: 'dns' }],
    ['tls', { failure: 'tls' }],
    ['too_large', { failure: 'too_large' }],
    ['failed', { failure: 'failed' }],
    ['http_404', { status: 404 }],
    ['http_503', { status: 503 }],
    ['empty_page', page('')],
    ['not_exporter_text', page('<html><body>Node Exporter</body></html>')],
    ['no_values', page('node_load1 NaN\n')],
  ] as const)('%s is failed, with a sentence for a person', async (reason, answer) => {
    const result = await host(answer).read()
    expect(result).toMatchObject({ outcome: 'failed', reason, devices: [] })
    expect(result.detail).toMatch(/\w+ \w+ \w+/)
  })
})
