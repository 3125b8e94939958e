import { describe, expect, it } from 'vitest'
import source from './source.ts'

/** One test per trap of the exporter's versions and flags that the test cases do not show already. */
const UUID = 'GPU-0a0b0c0d-1111-4222-8333-444455556661'
const gpu = `gpu="0",UUID="${UUID}",pci_bus_id="00000000:1A:00.0"`
const interpret = (...lines: readonly string[]) =>
  source.interpret(new TextEncoder().encode(`${lines.join('\n')}\n`))
const metricsOf = (...lines: readonly string[]) => interpret(...lines).devices[0]?.metrics
const dev = (name: string, value: number | string, labels = gpu) =>
  `DCGM_FI_DEV_${name}{${labels}} ${value}`

describe('labels', () => {
  it('version, serial and brand fields become facts, whatever their case and era', () => {
    for (const names of [
      ['DCGM_FI_DRIVER_VERSION', 'DCGM_FI_DEV_SERIAL', 'DCGM_FI_DEV_BRAND'],
      ['DCGM_FI_SYSTEM_DRIVER_VERSION', 'DCGM_FI_DEV_BOARD_SERIAL', 'DCGM_FI_DEV_GPU_BRAND'],
      ['dcgm_fi_driver_version', 'Dcgm_Fi_Dev_Serial', 'dcgm_fi_dev_brand'],
    ]) {
      const [driver, serial, brand] = names
      const labels = `${gpu},${serial}="1652023012345",${driver}="570.124.06",${brand}="Nvidia",DCGM_FI_DEV_VBIOS_VERSION="96.00.74.00.01"`
      expect(interpret(dev('POWER_USAGE', 70, labels)).devices[0]?.labels).toEqual({
        serial: '1652023012345',
        driver_version: '570.124.06',
        brand: 'Nvidia',
        vbios_version: '96.00.74.00.01',
      })
    }
  })

  it('only the driver version speaks of the driver: its change is taken for a restart', () => {
    const labels = `${gpu},DCGM_FI_CUDA_DRIVER_VERSION="12010",DCGM_FI_DRIVER_VERSION="530.30.02",DCGM_FI_NVML_VERSION="12.530.30.02"`
    const facts = interpret(dev('POWER_USAGE', 70, labels)).devices[0]?.labels ?? {}
    expect(Object.keys(facts).filter((name) => /driver/i.test(name))).toEqual(['driver_version'])
    expect(facts).toMatchObject({ driver_version: '530.30.02', cuda_version: '12.1' })
  })

  it('a serial number that somebody masked is none', () => {
    for (const masked of ['snip', 'REDACTED', '0000000000000', '<<<NULL>>>']) {
      const labels = `${gpu},DCGM_FI_DEV_SERIAL="${masked}"`
      expect(interpret(dev('POWER_USAGE', 70, labels)).devices[0]?.labels).toEqual({})
    }
  })

  it('a version of exporter or DCGM is never made up: pages do not state one', () => {
    expect(interpret(dev('SM_CLOCK', 1980)).toolLabels).toEqual({ unit_clock: 'MHz' })
  })

  it('no pod labels and empty ones both mean that nobody uses the GPU', () => {
    const empty = `${gpu},container="",namespace="",pod="",hpc_job=""`
    expect(interpret(dev('POWER_USAGE', 70, empty)).devices[0]?.holder).toBeNull()
    expect(interpret(dev('POWER_USAGE', 70)).devices[0]?.holder).toBeNull()
  })

  it('behind Prometheus only exported_* name the workload, also on GPUs without one', () => {
    const own = 'container="exporter",namespace="monitoring",pod="gpu-metrics-x7"'
    const other = gpu.replace('gpu="0"', 'gpu="1"').replace('6661', '6662').replace('1A', '2A')
    const read = interpret(
      dev('POWER_USAGE', 300, `${gpu},${own},exported_pod="train-0",exported_namespace="ml"`),
      dev('POWER_USAGE', 70, `${other},${own}`),
    )
    expect(read.devices.map(({ holder }) => holder)).toEqual([
      { namespace: 'ml', pod: 'train-0' },
      null,
    ])
  })

  it('pod labels may collide with others: the first of a name stands, and the row is read', () => {
    const labels = `${gpu},pod="train-0",uid_label="a",pod="b",dra_device="gpu-0",vgpu="3"`
    const [device] = interpret(dev('POWER_USAGE', 300, labels)).devices
    expect([device?.holder, device?.metrics.power_watts]).toEqual([{ pod: 'train-0' }, 300])
  })

  it('a value with quotes and braces, escaped as Prometheus does it, is one value of one row', () => {
    const job = '{\\"id\\":\\"7\\"}'
    const read = interpret(dev('GPU_TEMP', 40, `${gpu},hpc_job="${job}"`))
    expect(read.devices[0]?.holder).toEqual({ job: '{"id":"7"}' })
    expect(read.rejectedByReason).toEqual({})
  })

  it('UUIDs of zeros never merge GPUs; PCI addresses of any domain width tell them apart', () => {
    const zero = 'GPU-00000000-0000-0000-0000-000000000000'
    const read = interpret(
      dev('POWER_USAGE', 300, `gpu="0",UUID="${zero}",pci_bus_id="00000018:01:00.0"`),
      dev('POWER_USAGE', 301, `gpu="1",UUID="${zero}",pci_bus_id="00000019:01:00.0"`),
    )
    expect(read.devices.map(({ keys }) => keys)).toEqual([
      ['slot:0018:01:00.0/0'],
      ['slot:0019:01:00.0/1'],
    ])
  })
})

describe('XID rows', () => {
  const code = (name: string, value: number, extra: string) => dev(name, value, `${gpu}${extra}`)

  it('are read with err_code, without it, and under the newer name; the number decides', () => {
    const text = ',err_code="31",err_msg="GPU memory page fault"'
    expect(metricsOf(code('XID_ERRORS', 119, text))?.xid_code).toBe(119)
    expect(metricsOf(code('XID_ERRORS', 119, ''))?.xid_code).toBe(119)
    expect(metricsOf(code('XID_ERROR', 0, ',err_code="0",err_msg="No Error"'))?.xid_code).toBe(0)
  })

  it('that are missing, as since 4.8.2, say nothing: no 0 is made of it', () => {
    expect(metricsOf(dev('POWER_USAGE', 70))).not.toHaveProperty('xid_code')
    expect(metricsOf(dev('XID_ERRORS', 'N/A'))?.xid_code).toBeNull()
  })

  const window = (xid: string, value: number | string) =>
    `DCGM_EXP_XID_ERRORS_COUNT{${gpu},window_size_in_ms="300000",xid="${xid}"} ${value}`

  it('counted in a window are events as long as the window holds them', () => {
    const read = interpret(dev('XID_ERRORS', 45), window('45', 1), window('31', 4), window('13', 0))
    expect(read.events.map(({ type, code: xid, edge }) => [type, xid, edge])).toEqual([
      ['xid_recent', '31', 'open'],
      ['xid_recent', '45', 'open'],
    ])
    expect(read.devices[0]?.metrics.xid_code).toBe(45)
  })

  it('counted in a window with words or absurd numbers state nothing', () => {
    const read = interpret(
      window('none', 1),
      window('31', 9.3e18),
      window('31', -1),
      window('0', 1),
    )
    expect(read.events).toEqual([])
    expect(read.rejectedByReason).toEqual({ out_of_range: 3 })
  })

  it('counted since ever are listed: their rise is what the window tells', () => {
    const read = interpret(`DCGM_EXP_XID_ERRORS_TOTAL{${gpu},xid="31"} 4`)
    expect([read.events, read.ignored]).toEqual([[], ['DCGM_EXP_XID_ERRORS_TOTAL']])
  })

  it('the recovery action is an event until it is 0 again', () => {
    const read = (value: number) => interpret(dev('GET_GPU_RECOVERY_ACTION', value)).events
    expect(read(0)).toEqual([])
    expect(read(2)).toMatchObject([
      { type: 'recovery_action', code: 'reboot', severity: 'critical', fault_class: 'hardware' },
    ])
    expect(read(9)[0]?.message).toBe('The driver asks for recovery action 9')
  })
})

describe('values', () => {
  it('the cap in force comes first; what software asked for stands in for it', () => {
    const asked = dev('POWER_MGMT_LIMIT', 700)
    expect(metricsOf(asked)?.power_limit_watts).toBe(700)
    expect(metricsOf(asked, dev('ENFORCED_POWER_LIMIT', 650))?.power_limit_watts).toBe(650)
    expect(metricsOf(dev('ENFORCED_POWER_LIMIT', 650), asked)?.power_limit_watts).toBe(650)
  })

  it('a margin past the limit is negative, and 0 is a margin', () => {
    expect(metricsOf(dev('GPU_TEMP_LIMIT', -3))?.temperature_margin_celsius).toBe(-3)
    expect(metricsOf(dev('GPU_TEMP_LIMIT', 0))?.temperature_margin_celsius).toBe(0)
  })

  it('a slowdown point, a link width or a generation of 0 is not there', () => {
    expect(
      metricsOf(dev('SLOWDOWN_TEMP', 0), dev('PCIE_LINK_GEN', 0), dev('PCIE_LINK_WIDTH', 0)),
    ).toEqual({
      temperature_slowdown_celsius: null,
      pcie_link_generation: null,
      pcie_link_width: null,
    })
  })

  it('a fan above its nominal speed is refused, not cut', () => {
    const read = interpret(dev('FAN_SPEED', 104))
    expect(read.devices[0]?.metrics.fan_ratio).toBeNull()
    expect(read.rejectedByReason).toEqual({ out_of_range: 1 })
  })

  it('bit error rates print as zeros and are no numbers to keep', () => {
    const read = interpret(dev('NVLINK_COUNT_SYMBOL_BER_FLOAT', '0.000000'))
    expect(read.devices[0]?.metrics).toEqual({})
    expect(read.ignored).toEqual(['DCGM_FI_DEV_NVLINK_COUNT_SYMBOL_BER_FLOAT'])
  })

  it('NVLink byte counters go beyond what int32 and double blanks would be', () => {
    expect(
      metricsOf(
        dev('NVLINK_COUNT_TX_BYTES', 140_737_488_355_328),
        dev('NVLINK_COUNT_RX_BYTES', '9300000000000000'),
      ),
    ).toEqual({ scaleup_tx_bytes_total: 140_737_488_355_328, scaleup_rx_bytes_total: 9.3e15 })
    expect(metricsOf(dev('NVLINK_COUNT_TX_BYTES', '9223372036854775795'))).toEqual({
      scaleup_tx_bytes_total: null,
    })
  })

  it('a flag that counts pages is 1, and pages that are not there are null', () => {
    expect(metricsOf(dev('RETIRED_PENDING', 3))?.retired_pages_pending).toBe(1)
    expect(metricsOf(dev('RETIRED_PENDING', 0))?.retired_pages_pending).toBe(0)
    expect(metricsOf(dev('RETIRED_PENDING', '9223372036854775794'))).toEqual({
      retired_pages_pending: null,
    })
  })

  it('TYPE and HELP change nothing: a rate stays a rate where they call it a counter', () => {
    const read = interpret(
      '# TYPE DCGM_FI_PROF_PCIE_TX_BYTES counter',
      '# HELP DCGM_FI_DEV_OTHER',
      '# TYPE DCGM_FI_PROF_PCIE_TX_BYTES gauge',
      `DCGM_FI_PROF_PCIE_TX_BYTES{${gpu}} 4096`,
    )
    expect(read.devices[0]?.metrics).toEqual({ pcie_tx_bytes_per_second: 4096 })
  })

  it('module power of Grace is never added to the board power of its GPU', () => {
    const read = interpret(
      dev('POWER_USAGE', 310),
      'DCGM_FI_DEV_MODULE_POWER_UTIL_CURRENT{cpu="0"} 620.000000',
      'DCGM_FI_DEV_CPU_POWER_UTIL_CURRENT{cpu="0"} 90.000000',
    )
    expect(read.devices).toHaveLength(1)
    expect(read.devices[0]?.metrics.power_watts).toBe(310)
    expect(read.ignored).toHaveLength(2)
  })

  it('utilization and engine activity of one page may disagree: both are kept', () => {
    expect(
      metricsOf(dev('GPU_UTIL', 91), `DCGM_FI_PROF_GR_ENGINE_ACTIVE{${gpu}} 0.156205`),
    ).toEqual({ gpu_util_ratio: 0.91, gr_engine_active_ratio: 0.156205 })
  })
})

describe('shared and split GPUs', () => {
  const pod = (name: string) => `${gpu},namespace="ml",pod="${name}"`

  it('copies per pod are one device and are never added up', () => {
    const read = interpret(
      dev('POWER_USAGE', '112.500000', pod('a')),
      dev('POWER_USAGE', '112.500000', pod('b')),
    )
    expect(read.devices).toHaveLength(1)
    expect(read.devices[0]).toMatchObject({
      metrics: { power_watts: 112.5 },
      holder: { namespace: 'ml' },
      labels: { shared_by: '2' },
    })
  })

  it('per-process rows of 4.8.2 do not replace the row of the device, in any order', () => {
    const rows = [
      dev('GPU_UTIL', 83),
      dev('GPU_UTIL', 61, pod('a')),
      dev('GPU_UTIL', 0, pod('b')),
      dev('FB_USED', 9000),
      dev('FB_USED', 6000, pod('a')),
    ]
    for (const order of [rows, rows.toReversed()])
      expect(metricsOf(...order)).toEqual({
        gpu_util_ratio: 0.83,
        memory_used_bytes: 9000 * 1_048_576,
      })
  })

  it('two jobs of an HPC node on one GPU are one device without an agreed holder', () => {
    const job = (id: string) => `${gpu},hpc_job="${id}"`
    const read = interpret(dev('GPU_UTIL', 77, job('88112')), dev('GPU_UTIL', 77, job('88113')))
    expect(read.devices).toHaveLength(1)
    expect(read.devices[0]).toMatchObject({ holder: null, labels: { shared_by: '2' } })
  })

  it('with the virtual-GPU flag only headers may be left: a failure, not an empty node', () => {
    const read = interpret('# HELP DCGM_FI_DEV_GPU_UTIL x', '# TYPE DCGM_FI_DEV_GPU_UTIL gauge')
    expect([read.outcome, read.reason]).toEqual(['failed', 'empty_page'])
  })

  const slice = (id: number, profile: string) =>
    `gpu="0",UUID="${UUID}",modelName="NVIDIA A100-SXM4-80GB",GPU_I_PROFILE="${profile}",GPU_I_ID="${id}"`
  const engine = (labels: string, value: string) =>
    `DCGM_FI_PROF_GR_ENGINE_ACTIVE{${labels}} ${value}`

  it('a slice above 1 is refused and leaves its board unknown, never 100 %', () => {
    const read = interpret(
      engine(slice(1, '3g.40gb'), '1.294000'),
      engine(slice(2, '2g.20gb'), '0.500000'),
    )
    expect(read.devices.map(({ metrics }) => metrics.gr_engine_active_ratio)).toEqual([
      null,
      null,
      0.5,
    ])
    expect(read.rejectedByReason).toEqual({ out_of_range: 1 })
  })

  it('slices that add up to more than the board are flagged', () => {
    const read = interpret(
      engine(slice(1, '4g.40gb'), '1.000000'),
      engine(slice(2, '4g.40gb'), '1.000000'),
    )
    expect(read.devices[0]?.metrics.gr_engine_active_ratio).toBeNull()
    expect(read.rejectedByReason).toEqual({ mig_shares_exceed_device: 1 })
  })

  it('board counters copied to every slice are counted once, on the board', () => {
    const rows = (name: string, ...values: readonly number[]) =>
      values.map((value, at) => dev(name, value, slice(at + 1, '3g.40gb')))
    const read = interpret(
      ...rows('ECC_SBE_AGG_TOTAL', 7, 7),
      ...rows('RETIRED_SBE', 2, 2),
      ...rows('RETIRED_DBE', 1, 1),
      ...rows('NVLINK_REPLAY_ERROR_COUNT_TOTAL', 3, 4),
      ...rows('PCIE_LINK_GEN', 4, 4),
    )
    const [board, ...slices] = read.devices.map(({ metrics }) => metrics)
    expect(board).toMatchObject({
      ecc_corrected_lifetime_total: 7,
      retired_pages_total: 3,
      scaleup_errors_total: 4,
      pcie_link_generation: 4,
    })
    expect(slices).toEqual([{}, {}])
  })

  it('an XID copied to every slice is one event, of the board', () => {
    const row = (id: number) => `DCGM_EXP_XID_ERRORS_COUNT{${slice(id, '3g.40gb')},xid="31"} 1`
    expect(interpret(row(1), row(2)).events).toMatchObject([{ device_key: `uuid:${UUID}` }])
  })
})
