import { describe, expect, it } from 'vitest'
import type { HttpResult, SourceIo } from '../../source.ts'
import { type SimulatedChip, writeNpuExporterPage } from './simulate.ts'
import source, { NpuExporterConfig } from './source.ts'

const NOW = 1_760_000_000_000
const config = NpuExporterConfig.parse({})
const bytes = (text: string) => new TextEncoder().encode(text)

const CHIP: SimulatedChip = {
  id: 0,
  modelName: '910B3-Ascend-V1',
  vdie: '0A1B2C3D-11223344-55667788-99AABBCC-00000000',
  bus: '0000:C1:00.0',
  metrics: {
    aicore_ratio: 0.31,
    npu_util_ratio: 0.65,
    temperature_celsius: 44,
    power_watts: 181.5,
  },
  holder: null,
  faultCodes: [],
  isHealthy: true,
  processIds: [],
}
const pageAt = (atMs: number, ...chips: readonly SimulatedChip[]) =>
  bytes(writeNpuExporterPage(chips, { atMs, exporterVersion: 'v7.1.RC1', hasHbm: true }))

function answering(result: Partial<HttpResult>, seen: string[] = []): SourceIo {
  return {
    run: () => Promise.reject(new Error('this source runs no command')),
    stream: () => 'busy',
    hasCommand: () => Promise.resolve(false),
    get(url) {
      seen.push(url)
      return Promise.resolve({ status: 200, body: new Uint8Array(), failure: null, ...result })
    },
  }
}

const read = (result: Partial<HttpResult>, nowMs = NOW, memory = new Map<string, unknown>()) =>
  source.read({
    io: answering(result),
    target: { address: 'http://10.0.0.7:8082/metrics', node: 'n7' },
    config,
    nowMs,
    timeoutMs: 5000,
    memory,
  })

describe('detect', () => {
  it('finds the exporter on its default port', async () => {
    const seen: string[] = []
    const found = await source.detect(answering({ body: pageAt(NOW, CHIP) }, seen), config, 'n1')
    expect(seen).toEqual(['http://127.0.0.1:8082/metrics'])
    expect(found).toMatchObject({ state: 'present', target: { node: 'n1' } })
  })

  it('says absent where nothing listens or something else does, broken where the exporter is ill', async () => {
    const state = async (result: Partial<HttpResult>) =>
      (await source.detect(answering(result), config, 'n')).state
    expect(await state({ status: null, failure: 'refused' })).toBe('absent')
    expect(await state({ body: bytes('node_load1 0.5\n') })).toBe('absent')
    expect(await state({ body: bytes('machine_npu_nums 0\n') })).toBe('broken')
    expect(await state({ status: 500 })).toBe('broken')
  })
})

describe('read', () => {
  it.each([
    [{ status: null, failure: 'refused' as const }, 'refused'],
    [{ status: null, failure: 'timeout' as const }, 'timeout'],
    [{ status: null, failure: 'closed_early' as const }, 'closed_early'],
    [{ status: 503 }, 'http_503'],
    [{ status: 404 }, 'http_404'],
    [{ body: bytes('') }, 'empty_page'],
    [{ body: bytes('\n \r\n') }, 'empty_page'],
    [{ body: bytes('<!DOCTYPE html><html>Sign in</html>') }, 'not_exporter_text'],
    [{ body: bytes('node_load1 0.5\n') }, 'not_exporter_text'],
    [{ body: bytes('machine_npu_nums 8\n') }, 'no_chip_rows'],
    [{ body: bytes('npu_chip_info_name{id="0",name="910B3"} 1\n') }, 'no_readings'],
    [{ body: bytes('npu_chip_info_health_status{id="0"} 0\n') }, 'no_readings'],
  ])('fails with its reason, never as an idle chip: %o', async (result, reason) => {
    const got = await read(result)
    expect([got.outcome, got.reason]).toEqual(['failed', reason])
    expect(got.detail).toMatch(/[.]$/)
    for (const device of got.devices) expect(device.failed).not.toBeNull()
  })

  it('keeps the whole lines of a page that broke off, and counts the rest', async () => {
    const page = pageAt(NOW, CHIP)
    const cut = page.subarray(0, page.lastIndexOf(10, page.length - 2) - 7)
    const got = await read({ failure: 'closed_early', body: cut })
    expect(got.outcome).toBe('ok')
    expect(got.rejectedByReason).toEqual({ cut_line: 1 })
    expect(got.devices[0]?.metrics.power_watts).toBe(181.5)
  })

  it('refuses unknown keys in its configuration', () => {
    expect(NpuExporterConfig.safeParse({ adress: 'x' }).success).toBe(false)
    expect(config).toMatchObject({ port: 8082, stale_after_ms: 45_000 })
    expect(source.defaultIntervalMs).toBe(15_000)
  })

  it('knows what a fault code means, and leaves other events alone', () => {
    expect(source.describeFault?.('fault', '8C03A000')).toMatchObject({ severity: 'fatal' })
    expect(source.describeFault?.('fault', 'no code')).toBeNull()
    expect(source.describeFault?.('xid', '79')).toBeNull()
  })
})

describe('event times', () => {
  it('an exporter that serves old samples is failed, not the state of an hour ago', async () => {
    const got = await read({ body: pageAt(NOW - 3_600_000, CHIP) })
    expect([got.outcome, got.reason]).toEqual(['failed', 'stale_values'])
    expect(got.devices[0]).toMatchObject({ failed: 'stale_values', metrics: {} })
  })

  it('samples that stop moving are stale after three intervals, and one chip alone can be', async () => {
    const memory = new Map<string, unknown>()
    const other = { ...CHIP, id: 1, vdie: '0A1B2C3D-11223344-55667788-99AABBCC-00000001' }
    const page = (atMs: number) =>
      bytes(
        [pageAt(atMs, CHIP), pageAt(NOW, other)]
          .map((part) => new TextDecoder().decode(part))
          .join(''),
      )
    const failedAt = async (afterMs: number) =>
      (await read({ body: page(NOW + afterMs) }, NOW + afterMs, memory)).devices.map(
        (device) => device.failed,
      )
    expect(await failedAt(0)).toEqual([null, null])
    expect(await failedAt(15_000)).toEqual([null, null])
    expect(await failedAt(45_000)).toEqual([null, null])
    expect(await failedAt(60_000)).toEqual([null, 'stale_values'])
  })

  it('a node whose clock is ten minutes off is believed as soon as its samples move', async () => {
    for (const skewMs of [-600_000, 600_000]) {
      const memory = new Map<string, unknown>()
      await read({ body: pageAt(NOW + skewMs, CHIP) }, NOW, memory)
      for (const afterMs of [15_000, 30_000, 90_000]) {
        const got = await read(
          { body: pageAt(NOW + afterMs + skewMs, CHIP) },
          NOW + afterMs,
          memory,
        )
        expect(got.outcome, `${skewMs} ${afterMs}`).toBe('ok')
      }
    }
  })

  it('a frozen exporter whose clock runs ahead is stale too', async () => {
    const memory = new Map<string, unknown>()
    await read({ body: pageAt(NOW + 600_000, CHIP) }, NOW, memory)
    const got = await read({ body: pageAt(NOW + 600_000, CHIP) }, NOW + 60_000, memory)
    expect(got.reason).toBe('stale_values')
  })

  it('pages without event times are never stale', async () => {
    const page = bytes('npu_chip_info_power{id="0"} 90\n')
    const memory = new Map<string, unknown>()
    await read({ body: page }, NOW, memory)
    expect((await read({ body: page }, NOW + 600_000, memory)).outcome).toBe('ok')
  })

  it('a fault happened when the exporter says, unless its clock cannot be right', async () => {
    const faulty = { ...CHIP, isHealthy: false, faultCodes: ['8C03A000'] }
    const near = await read({ body: pageAt(NOW - 4000, faulty) })
    expect(near.events[0]).toMatchObject({ at_ms: NOW - 4000, code: '8C03A000' })
    const far = await read({ body: pageAt(NOW + 600_000, faulty) })
    expect(far.events[0]?.at_ms).toBe(0)
  })
})
