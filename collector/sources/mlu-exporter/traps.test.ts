import { describe, expect, it } from 'vitest'
import type { HttpResult, SourceIo } from '../../source.ts'
import { MluExporterConfig, namingOf } from './config.ts'
import { newFaultMemory } from './faults.ts'
import { interpretPage } from './interpret.ts'
import { DEVICE_RULES, KNOWN_NAMES } from './map.ts'
import { writeMluExporterPage } from './simulate.ts'
import source from './source.ts'

const NOW = 1_760_000_000_000
const bytes = (text: string) => new TextEncoder().encode(text)
const config = MluExporterConfig.parse({})
const interpret = (text: string, options: unknown = {}) => {
  const own = MluExporterConfig.parse(options)
  const moment = { nowMs: null, heartbeatAfterMs: 60_000, memory: newFaultMemory() }
  return interpretPage(bytes(text), { naming: namingOf(own), moment, isCut: false })
}
const labels = (more = '', uuid = 'u-1', sn = 'SN1', model = 'MLU370-X4') =>
  `{mlu="0",model="${model}",uuid="${uuid}",sn="${sn}"${more}}`
const WORKS = `mlu_temperature${labels()} 40\n`
const metricsOf = (text: string) => interpret(WORKS + text).devices[0]?.metrics

describe('what the fact sheet warns of', () => {
  it('utilization and power are those of the card (vf empty), never of a numbered vf', () => {
    const row = (name: string, vf: string, value: number) =>
      `mlu_${name}${labels(`,vf="${vf}"`)} ${value}\n`
    const text = [
      row('utilization', '1', 90),
      row('utilization', '', 30),
      row('utilization', '2', 90),
      row('power_usage', '1', 500),
      row('power_usage', '', 120),
    ].join('')
    expect(metricsOf(text)).toMatchObject({ busy_ratio: 0.3, power_watts: 120 })
    expect(metricsOf(row('utilization', '1', 90))?.busy_ratio ?? null).toBeNull()
    expect(metricsOf(`mlu_utilization${labels()} 30\n`)?.busy_ratio).toBe(0.3)
  })

  it('PCIe is bytes in the last 20 ms: times 50, whatever the TYPE line says', () => {
    const text = `# TYPE mlu_pcie_read_throughput counter\nmlu_pcie_read_throughput${labels()} 1000\n`
    expect(metricsOf(text)?.pcie_rx_bytes_per_second).toBe(50_000)
  })

  it('virtual memory is no memory, and power_min_limit no limit although its HELP says max', () => {
    const metrics = metricsOf(
      `mlu_virtual_memory_total${labels()} 1e15\nmlu_power_min_limit${labels()} 100\n`,
    )
    expect(Object.values(metrics ?? {}).filter((value) => value === 1e15 || value === 100)).toEqual(
      [],
    )
  })

  it('both cards of an X8 board print its power: counted once, with its limits', () => {
    const card = (uuid: string, watts: number, sn = 'SN9', model = 'MLU370-X8') =>
      `mlu_power_usage${labels(',vf=""', uuid, sn, model)} ${watts}\nmlu_power_max_limit${labels('', uuid, sn, model)} 250\n`
    const watts = (text: string) =>
      interpret(text).devices.map(({ metrics }) => [
        metrics.power_watts,
        metrics.power_limit_max_watts,
      ])
    expect(watts(card('a', 107) + card('b', 108))).toEqual([
      [107, 250],
      [null, null],
    ])
    // Another model that shares a serial number may have its own power: only equal watts are one board's.
    expect(watts(card('a', 107, 'SN9', 'MLU590') + card('b', 55, 'SN9', 'MLU590'))).toEqual([
      [107, 250],
      [55, 250],
    ])
    expect(watts(card('a', 107, '') + card('b', 107, ''))).toHaveLength(2)
    // The first card's reading vanished: the board's power is what the other one prints.
    const silent = `mlu_temperature${labels('', 'a', 'SN9', 'MLU370-X8')} 40\n`
    expect(watts(silent + card('b', 108))).toEqual([
      [null, null],
      [108, 250],
    ])
  })

  it('a card whose rows are full of zeros could not be read: never an idle card', () => {
    const zeros = ['utilization', 'power_usage'].map((name) => `mlu_${name}${labels(',vf=""')} 0\n`)
    const rest = ['temperature', 'memory_total', 'health'].map(
      (name) => `mlu_${name}${labels()} ${name === 'health' ? 1 : 0}\n`,
    )
    const got = interpret([...zeros, ...rest].join(''))
    expect(got).toMatchObject({ outcome: 'failed', reason: 'no_readings' })
    expect(got.devices[0]).toMatchObject({ failed: 'no_readings', metrics: { health_code: null } })
    expect(got.rejectedByReason).toEqual({ zero_filled_card: 1 })
  })

  it('a fan that stands still or is not there gives no speed', () => {
    const read = interpret(`${WORKS}mlu_fan_speed${labels()} -1\n`)
    expect(read.devices[0]?.metrics.fan_ratio ?? null).toBeNull()
    expect(read.ignored).toEqual(['mlu_fan_speed'])
  })

  it('the reason of a sick card is a label: one series that says sick is enough', () => {
    const health = (reason: string, value: number) =>
      `mlu_health${labels(`,unhealth_reason="${reason}"`)} ${value}\n`
    const read = interpret(WORKS + health('heartbeat', 0) + health('', 1))
    expect(read.devices[0]?.metrics.health_code).toBe(2)
    expect(read.events).toMatchObject([{ type: 'unhealthy', code: 'heartbeat', edge: 'open' }])
    expect(interpret(WORKS + health('', 1)).devices[0]?.metrics.health_code).toBe(0)
    expect(interpret(WORKS).devices[0]?.metrics.health_code ?? null).toBeNull()
  })

  it('a sum of counters is null when one part vanished for this card, and smaller parts count when unsupported', () => {
    const row = (name: string, uuid: string, value: number) =>
      `mlu_${name}${labels('', uuid)} ${value}\n`
    const both = interpret(
      row('dram_ecc_sbe_count', 'a', 3) +
        row('sram_ecc_sbe_count', 'a', 1) +
        row('dram_ecc_sbe_count', 'b', 3),
    )
    expect(both.devices.map(({ metrics }) => metrics.ecc_corrected_total)).toEqual([4, null])
    expect(
      interpret(row('dram_ecc_sbe_count', 'a', 3)).devices[0]?.metrics.ecc_corrected_total,
    ).toBe(3)
  })

  it('a port without a cable is not a link that went down', () => {
    const port = (link: number, status: number, cable: number) =>
      `mlu_mlulink_status${labels(`,link="${link}"`)} ${status}\nmlu_mlulink_cable_status${labels(`,link="${link}"`)} ${cable}\n`
    const metrics = metricsOf(
      port(0, 3, 1) + port(1, 1, 2) + port(2, 0, 1) + port(3, 0, 0) + port(4, 2, 1),
    )
    expect([metrics?.scaleup_links_up, metrics?.scaleup_links_down]).toEqual([2, 2])
  })

  it('processes are unknown, not none, where the exporter does not see them', () => {
    expect(metricsOf('')?.process_count ?? null).toBeNull()
    const pid = (id: number) => `mlu_process_physical_memory_used${labels(`,pid="${id}"`)} 5\n`
    expect(metricsOf(pid(1) + pid(2) + pid(1))?.process_count).toBe(2)
  })
})

describe('names are those of the site', () => {
  const own = (prefix: string) =>
    `# HELP ${prefix}memory_used The used physical memory of Cambricon MLU, unit is 'B'\n# HELP ${prefix}utilization The utilization of Cambricon MLU, unit is '%'\n${prefix}memory_used${labels()} 7\n${prefix}utilization${labels(',vf=""')} 20\n`

  it('a page without one known name fails loudly and says which prefix its HELP texts show', () => {
    const read = interpret(own('accel_'))
    expect([read.outcome, read.reason]).toEqual(['failed', 'no_known_metrics'])
    expect(read.detail).toContain('"accel_"')
    expect(interpret('node_load1 0.5\n').reason).toBe('no_known_metrics')
    expect(interpret('node_load1 0.5\n').detail).toContain('address')
  })

  it('prefix, single names and labels can be told', () => {
    expect(interpret(own('accel_'), { prefix: 'accel_' }).devices[0]?.metrics).toMatchObject({
      busy_ratio: 0.2,
      memory_used_bytes: 7,
    })
    const renamed = `site_busy{dev_uuid="u-9",slot="3"} 55\n`
    const read = interpret(renamed, {
      names: { utilization: 'site_busy' },
      labels: { uuid: 'dev_uuid', mlu: 'slot' },
    })
    expect(read.devices[0]).toMatchObject({
      keys: ['uuid:u-9', 'slot:mlu3/0'],
      index: 3,
      metrics: { busy_ratio: 0.55 },
    })
  })

  it('options that name nothing we read are refused', () => {
    for (const options of [
      { names: { no_such_metric: 'x' } },
      { labels: { colour: 'x' } },
      { prefix: 'a b' },
      { names: { utilization: 'not a name' } },
      { adress: 'x' },
    ])
      expect(MluExporterConfig.safeParse(options).success, JSON.stringify(options)).toBe(false)
    expect(config).toMatchObject({ port: 30_108, prefix: 'mlu_' })
    for (const name of DEVICE_RULES.keys()) expect(KNOWN_NAMES.has(name)).toBe(true)
  })

  it('a HELP text with another unit makes the series another metric', () => {
    const text = `# HELP mlu_memory_used The used memory of Cambricon MLU, unit is 'MB'\nmlu_memory_used${labels()} 9000\n`
    const read = interpret(WORKS + text)
    expect(read.devices[0]?.metrics.memory_used_bytes ?? null).toBeNull()
    expect(read.rejectedByReason).toEqual({ unit_disagrees: 1 })
  })
})

function answering(result: Partial<HttpResult>): SourceIo {
  return {
    run: () => Promise.reject(new Error('this source runs no command')),
    stream: () => 'busy',
    hasCommand: () => Promise.resolve(false),
    get: () => Promise.resolve({ status: 200, body: new Uint8Array(), failure: null, ...result }),
  }
}
const read = (
  text: string | Partial<HttpResult>,
  nowMs = NOW,
  memory = new Map<string, unknown>(),
) =>
  source.read({
    io: answering(typeof text === 'string' ? { body: bytes(text) } : text),
    target: { address: 'http://10.0.0.7:30108/metrics', node: 'n7' },
    config,
    nowMs,
    timeoutMs: 5000,
    memory,
  })

describe('codes, heart beats and failures over reads', () => {
  const code = (name: string, more: string, value: number) =>
    `mlu_${name}${labels(more)} ${value}\n`

  it('a code that counts up is news once; what was there at first sight is old', async () => {
    const memory = new Map<string, unknown>()
    const page = (count: number) =>
      WORKS + code('xid_error_count', ',xid="0xd",xid_base_10="13"', count)
    const events = async (text: string, afterMs: number) =>
      (await read(text, NOW + afterMs, memory)).events.map(({ type, code, severity }) => [
        type,
        code,
        severity,
      ])
    expect(await events(page(1), 0)).toEqual([['cambricon_xid_at_start', '13', 'info']])
    const [old] = (await read(page(1), NOW, new Map())).events
    expect(old?.message_zh).toBe('显存页隔离或行重映射：采集器首次读取该卡时已存在')
    expect(await events(page(1), 15_000)).toEqual([])
    expect(await events(page(2), 30_000)).toEqual([['cambricon_xid', '13', 'warning']])
    expect(await events(page(2), 45_000)).toEqual([])
    expect(await events(WORKS, 60_000)).toEqual([])
  })

  it('a code with its own time is dated by it, in whatever unit of time', async () => {
    for (const stamp of [
      '1759999990',
      '1759999990000',
      '1759999990000000',
      '1759999990000000000',
    ]) {
      const got = await read(
        WORKS + code('xid_error', `,xid="e",xid_base_10="14",xid_timestamp="${stamp}"`, 1),
      )
      expect(got.events).toMatchObject([{ type: 'cambricon_xid', code: '14', at_ms: NOW - 10_000 }])
    }
  })

  it('codes are hex in the xid label, decimal in xid_base_10 and in the value of last_xid_error', async () => {
    const codes = async (text: string) =>
      (await read(WORKS + text)).events.map((event) => event.code)
    expect(await codes(code('xid_error_count', ',xid="10"', 1))).toEqual(['16'])
    expect(await codes(code('xid_error_count', ',xid="0x10",xid_base_10="16"', 1))).toEqual(['16'])
    expect(await codes(code('last_xid_error', ',xid=""', 16))).toEqual(['16'])
    expect(await codes(code('last_xid_error', ',xid=""', 0))).toEqual([])
    expect(source.describeFault?.('cambricon_xid', '14')).toMatchObject({ severity: 'fatal' })
    expect(source.describeFault?.('xid', '14')).toBeNull()
  })

  it('a heart beat that stands still for a minute is a fault as long as it does', async () => {
    const memory = new Map<string, unknown>()
    const beat = async (count: number, afterMs: number) =>
      (await read(WORKS + code('heartbeat_count', '', count), NOW + afterMs, memory)).events.length
    expect(await beat(5, 0)).toBe(0)
    expect(await beat(5, 45_000)).toBe(0)
    expect(await beat(5, 60_000)).toBe(1)
    expect(await beat(5, 75_000)).toBe(1)
    expect(await beat(6, 90_000)).toBe(0)
  })

  it.each([
    [{ status: null, failure: 'refused' as const }, 'refused'],
    [{ status: null, failure: 'timeout' as const }, 'timeout'],
    [{ status: 500 }, 'http_500'],
    [{ status: 404 }, 'http_404'],
    [{ body: bytes('') }, 'empty_page'],
    [{ body: bytes('<html>Sign in</html>') }, 'not_exporter_text'],
    [{ body: bytes('mlu_machine_mlu_nums{node="n"} 0\n') }, 'no_device_rows'],
    [{ body: bytes(`mlu_driver_state${labels()} 0\n`) }, 'driver_not_running'],
    [{ body: bytes(`mlu_heartbeat_count${labels()} 4\n`) }, 'no_readings'],
  ])('fails with its reason, never as an idle card: %o', async (result, reason) => {
    const got = await read(result)
    expect([got.outcome, got.reason]).toEqual(['failed', reason])
    expect(got.detail).toMatch(/[.]$/)
    for (const device of got.devices) expect(device.failed).not.toBeNull()
  })

  it('keeps the whole lines of a page that broke off', async () => {
    const got = await read({ failure: 'closed_early', body: bytes(`${WORKS}mlu_power_usage{uu`) })
    expect([got.outcome, got.rejectedByReason]).toEqual(['ok', { cut_line: 1 }])
  })

  it('detect tells a page under other names from a page of something else', async () => {
    const state = async (result: Partial<HttpResult>) =>
      (await source.detect(answering(result), config, 'n')).state
    expect(await state({ body: bytes(WORKS) })).toBe('present')
    expect(await state({ status: null, failure: 'refused' })).toBe('absent')
    expect(await state({ body: bytes('node_load1 0.5\n') })).toBe('absent')
    const other = `# HELP acc_utilization The utilization of Cambricon MLU\nacc_utilization{uuid="1"} 5\n`
    expect(await state({ body: bytes(other) })).toBe('broken')
  })
})

describe('the simulated exporter', () => {
  const card = {
    uuid: 'aa000000-0000-0000-0000-000000000001',
    serial: 'SN1',
    slot: 2,
    model: 'MLU370-X4',
    node: 'n1',
    driver: 'v5.10.22',
    firmware: 'v1.1.6',
    metrics: {
      busy_ratio: 0.57,
      power_watts: 120,
      power_limit_watts: 150,
      temperature_celsius: 51,
      memory_temperature_celsius: 49,
      memory_used_bytes: 123_456_789,
      memory_total_bytes: 24_440_209_408,
      sm_clock_hertz: 1_300_000_000,
      pcie_tx_bytes_per_second: 500_000,
      heartbeat_total: 77,
    },
    holder: { namespace: 'ns', pod: 'p-0', container: 'main' },
    unhealthyReason: null,
    codes: new Map([[12, 1]]),
  }

  it('prints what the source reads, under any prefix', () => {
    for (const prefix of ['mlu_', 'accel_']) {
      const read = interpret(writeMluExporterPage([card], { prefix }), { prefix })
      expect(read.devices[0]).toMatchObject({
        keys: [`uuid:${card.uuid}`, 'slot:mlu2/0'],
        index: 2,
        node: 'n1',
        holder: card.holder,
        metrics: { ...card.metrics, health_code: 0 },
      })
      expect(read.rejectedByReason).toEqual({})
      expect(read.ignored).toEqual([])
      expect(read.events.map((event) => event.code)).toEqual(['12'])
    }
    expect(writeMluExporterPage([])).toBe('')
  })
})
