import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { HttpResult, SourceIo } from '../../source.ts'
import { LIMITS } from './limits.ts'
import source, { DcgmExporterConfig } from './source.ts'

const page = readFileSync(join(import.meta.dirname, 'testcases/h100-sxm-x8-4.4.0/input.prom'))
const config = DcgmExporterConfig.parse({})
const bytes = (text: string) => new TextEncoder().encode(text)

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

const read = (result: Partial<HttpResult>) =>
  source.read({
    io: answering(result),
    target: { address: 'http://10.0.0.7:9400/metrics', node: 'n7' },
    config,
    nowMs: 1_700_000_000_000,
    timeoutMs: 5000,
    memory: new Map(),
  })

describe('detect', () => {
  it('finds the exporter on its default port', async () => {
    const seen: string[] = []
    const found = await source.detect(answering({ body: page }, seen), config, 'n1')
    expect(seen).toEqual(['http://127.0.0.1:9400/metrics'])
    expect(found).toMatchObject({
      state: 'present',
      target: { address: 'http://127.0.0.1:9400/metrics', node: 'n1' },
    })
  })

  it('says absent where nothing listens or something else does', async () => {
    const refused = await source.detect(
      answering({ status: null, failure: 'refused' }),
      config,
      'n',
    )
    expect(refused.state).toBe('absent')
    const other = await source.detect(answering({ body: bytes('node_load1 0.5\n') }), config, 'n')
    expect(other.state).toBe('absent')
    const page404 = await source.detect(answering({ status: 404 }), config, 'n')
    expect(page404).toMatchObject({ state: 'absent' })
    expect(page404.looked).toContain('something else answers there')
  })

  it('says broken, with the reason, where the exporter is ill', async () => {
    const empty = await source.detect(answering({ body: bytes('') }), config, 'n')
    expect(empty).toMatchObject({ state: 'broken', reason: 'empty_page' })
    const failing = await source.detect(answering({ status: 500 }), config, 'n')
    expect(failing).toMatchObject({ state: 'broken', reason: 'http_500' })
    const hung = await source.detect(answering({ status: null, failure: 'timeout' }), config, 'n')
    expect(hung).toMatchObject({ state: 'broken', reason: 'timeout' })
  })

  it('waits no longer than looking may take, so that its own sentence is the one that is read', async () => {
    const io = answering({ body: page })
    const waited: number[] = []
    const timed: SourceIo = {
      ...io,
      get(url, limits) {
        waited.push(limits.timeoutMs)
        return io.get(url, limits)
      },
    }
    await source.detect(timed, DcgmExporterConfig.parse({ timeout_ms: 60_000 }), 'n1')
    await source.detect(timed, DcgmExporterConfig.parse({ timeout_ms: 500 }), 'n1')
    expect(waited).toEqual([8000, 500])
  })
})

describe('read', () => {
  it('gives eight devices of an eight-GPU page', async () => {
    const got = await read({ body: page })
    expect([got.outcome, got.reason, got.devices.length]).toEqual(['ok', null, 8])
  })

  it.each([
    [{ status: null, failure: 'refused' as const }, 'refused'],
    [{ status: null, failure: 'timeout' as const }, 'timeout'],
    [{ status: null, failure: 'too_large' as const }, 'too_large'],
    [{ status: null, failure: 'closed_early' as const }, 'closed_early'],
    [{ status: 500, body: bytes('internal server error') }, 'http_500'],
    [{ status: 404 }, 'http_404'],
    [{ body: bytes('') }, 'empty_page'],
    [{ body: bytes('\n\n  \r\n') }, 'empty_page'],
    [
      { body: bytes('# HELP DCGM_FI_DEV_GPU_UTIL x\n# TYPE DCGM_FI_DEV_GPU_UTIL gauge\n') },
      'empty_page',
    ],
    [{ body: bytes('<!DOCTYPE html><html><body>Sign in</body></html>') }, 'not_exporter_text'],
    [{ body: bytes('node_cpu_seconds_total{cpu="0",mode="idle"} 12\n') }, 'not_exporter_text'],
    [{ body: bytes('DCGM_FI_DEV_CPU_TEMP_CURRENT{cpu="0"} 39.5\n') }, 'no_gpu_rows'],
    [{ body: bytes('DCGM_FI_DEV_GPU_UTIL{} 1\nDCGM_FI_DEV_GPU_UTIL 1\n') }, 'no_readable_rows'],
  ])('fails with its reason, never as an idle node: %o', async (result, reason) => {
    const got = await read(result)
    expect([got.outcome, got.reason, got.devices]).toEqual(['failed', reason, []])
    expect(got.detail).toMatch(/\.$/)
  })

  it('keeps the whole lines of a page that broke off, and counts the rest', async () => {
    const half = page.subarray(0, 20_000)
    const got = await read({ failure: 'closed_early', body: half })
    expect(got.outcome).toBe('ok')
    expect(got.devices).toHaveLength(8)
    expect(got.rejectedByReason).toEqual({ cut_line: 1 })
  })

  it('refuses a page beyond its limit without reading it', () => {
    const got = source.interpret(new Uint8Array(LIMITS.bytes + 1))
    expect([got.outcome, got.reason]).toEqual(['failed', 'too_large'])
  })

  it('bounds lines, series, examples and names', () => {
    const row = (n: number, name = 'DCGM_FI_DEV_GPU_UTIL') =>
      `${name}{gpu="${n % 1000}",UUID="GPU-${String(n).padStart(8, '0')}-1111-2222-3333-444455556666"} 1\n`
    const long = `DCGM_FI_DEV_GPU_TEMP{gpu="0",pod="${'x'.repeat(LIMITS.lineChars)}"} 1\n`
    const many = Array.from({ length: LIMITS.series + 20 }, (_, n) => row(n)).join('')
    const names = Array.from({ length: 600 }, (_, n) => row(0, `DCGM_FI_DEV_NEW_${n}`)).join('')
    const got = source.interpret(bytes(names + long + many))
    expect(got.rejectedByReason).toMatchObject({ line_too_long: 1, series_limit: 20 })
    expect(got.rejected).toHaveLength(LIMITS.examples)
    for (const { line } of got.rejected)
      expect(line.length).toBeLessThanOrEqual(LIMITS.exampleChars)
    expect(got.ignored).toHaveLength(LIMITS.ignoredListed)
  })

  it('reads 8 MiB of nonsense in bounded time', () => {
    for (const text of ['a{}\n', 'a{"', '"="', 'x\n', '{}', 'DCGM_FI_DEV_GPU_UTIL{a="', '} {']) {
      const started = performance.now()
      source.interpret(bytes(text.repeat(Math.floor(LIMITS.bytes / text.length))))
      expect(performance.now() - started).toBeLessThan(8000)
    }
  })

  it.each([401, 403, 404, 500, 502, 503])(
    'a page of status %i is a failure that says what to do',
    async (status) => {
      const got = await read({ status, body: page })
      expect(got).toMatchObject({ outcome: 'failed', reason: `http_${status}`, devices: [] })
      expect(got.detail).toMatch(/correct|log|without a login/)
    },
  )

  it('tells the runner what an XID means and leaves other events alone', () => {
    expect(source.describeFault?.('xid', '79')).toMatchObject({ severity: 'fatal' })
    expect(source.describeFault?.('xid', '79')?.action.en).toMatch(/Drain/)
    expect(source.describeFault?.('xid', '4711')?.severity).toBe('warning')
    expect(source.describeFault?.('xid', '0')).toBeNull()
    expect(source.describeFault?.('health', '2')).toBeNull()
  })

  it('refuses unknown keys in its configuration', () => {
    expect(DcgmExporterConfig.safeParse({ adress: 'x' }).success).toBe(false)
    expect(config).toEqual({ host: '127.0.0.1', port: 9400, path: '/metrics', timeout_ms: 10_000 })
  })
})
