import { describe, expect, it } from 'vitest'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { CHIP_RULES, CHIP_SUMS, linkOf } from './map.ts'
import source from './source.ts'

const AT = 1_760_000_000_000
const VDIE = '0A1B2C3D-11223344-55667788-99AABBCC-0000000'

interface Chip {
  readonly id?: number
  readonly model?: string
  readonly bus?: string
  readonly pod?: string
  readonly at?: number
}

/** Rows of one chip: a few that work, then what the test is about. */
function rows(chip: Chip, values: Readonly<Record<string, number | string>>): string {
  const { id = 0, model = '910B3-Ascend-V1', bus = `0000:0${id}:00.0`, pod = '', at = AT } = chip
  const labels = `container_name="",id="${id}",model_name="${model}",namespace="${pod === '' ? '' : 'ns'}",pcie_bus_info="${bus}",pod_name="${pod}",vdie_id="${VDIE}${id}"`
  return Object.entries({ temperature: 40, ...values })
    .map(([name, value]) => `npu_chip_info_${name}{${labels}} ${value} ${at}\n`)
    .join('')
}

const read = (...parts: readonly string[]) =>
  source.interpret(new TextEncoder().encode(parts.join('')))
const metricsOf = (...parts: readonly string[]) =>
  read(...parts).devices.map((device) => device.metrics)

describe('traps of npu-exporter', () => {
  it('2: a value that vanished and a value of -1 are both null, never 0', () => {
    const [gone, minusOne] = metricsOf(
      rows({ id: 0 }, {}),
      rows({ id: 1 }, { utilization: -1, hbm_used_memory: -1, hbm_total_memory: -1 }),
    )
    for (const metrics of [gone, minusOne]) {
      expect(metrics?.aicore_ratio ?? null).toBeNull()
      expect(metrics?.memory_used_bytes ?? null).toBeNull()
    }
  })

  it('2: HBM that could not be read is not replaced by the DDR of a 910A', () => {
    const [metrics] = metricsOf(
      rows(
        {},
        { hbm_used_memory: -1, hbm_total_memory: -1, used_memory: 3500, total_memory: 15171 },
      ),
    )
    expect(metrics?.memory_used_bytes).toBeNull()
    expect(metrics?.memory_total_bytes).toBeNull()
  })

  it('2: a chip whose page is full of zeros could not be read: never an idle chip', () => {
    const zeros = { temperature: 0, power: 0, utilization: 0, hbm_total_memory: 65_536 }
    const got = read(rows({}, { ...zeros, health_status: 1 }), rows({ id: 1 }, { utilization: 0 }))
    expect(got.devices.map(({ failed }) => failed)).toEqual(['no_readings', null])
    expect(got.devices[0]?.metrics).toEqual({ health_code: null })
    expect(got.rejectedByReason).toEqual({ zero_filled_chip: 1 })
  })

  it('3: series typed gauge are the counters that the catalogue says', () => {
    const counters = new Set(
      DEVICE_METRICS.filter((row) => row.kind === 'counter').map((row) => row.name),
    )
    for (const name of [
      'npu_chip_info_hbm_ecc_single_bit_error_cnt',
      'npu_chip_info_hbm_ecc_total_double_bit_error_cnt',
      'npu_chip_link_up_num',
    ])
      expect(counters.has(CHIP_RULES.get(name)?.metric ?? 'busy_ratio'), name).toBe(true)
    expect(counters.has(CHIP_SUMS[0]?.metric ?? 'busy_ratio')).toBe(true)
    expect(linkOf('npu_chip_info_hccs_statistic_info_crc_err_cnt_7')?.rule.metric).toBe(
      'link_crc_errors_total',
    )
  })

  it.each([
    [1, [], 0],
    [0, [], null],
    [0, [2_349_047_808], 3],
    [0, [2_751_615_009], 1],
    [1, [2_751_615_009], 0],
  ])('4: health status %d with codes %j is health %j', (status, codes, health) => {
    const errors = Object.fromEntries(
      codes.map((code, at) => [at === 0 ? 'error_code' : `error_code_${at}`, code]),
    )
    const got = read(rows({}, { health_status: status, ...errors }))
    expect(got.devices[0]?.metrics.health_code).toBe(health)
    expect(got.events.filter((event) => event.type === 'fault')).toHaveLength(codes.length)
    expect(got.events.some((event) => event.type === 'health_unclear')).toBe(
      status === 0 && codes.length === 0,
    )
  })

  it('4: ten codes are ten events, a repeated one is one, an unknown one stays visible', () => {
    const ten = Object.fromEntries(
      Array.from({ length: 10 }, (_, at) => [
        at === 0 ? 'error_code' : `error_code_${at}`,
        at === 9 ? 2_147_483_649 : 2_147_483_649 + at,
      ]),
    )
    const { events } = read(rows({}, ten))
    expect(events).toHaveLength(9)
    expect(events[0]).toMatchObject({ code: '80000001', edge: 'open', at_ms: AT })
    for (const event of events) expect(event.message_zh).not.toBe('')
  })

  const duo = (power: readonly number[], bus: (id: number) => string) =>
    power.map((watts, id) => rows({ id, model: '310P3-Ascend-V1', bus: bus(id) }, { power: watts }))
  const watts = (parts: readonly string[]) =>
    metricsOf(...parts).map((metrics) => metrics.power_watts ?? null)

  it("5: the card's power of a 300I Duo is counted once per bus", () => {
    const two = (id: number) => `0000:0${Math.floor(id / 2)}:00.0`
    expect(watts(duo([48.2, 48.2, 31.7, 31.7], two))).toEqual([48.2, null, 31.7, null])
    expect(watts(duo([48.2, 48.2], (id) => `0000:0${id}:00.0`))).toEqual([48.2, 48.2])
  })

  it("5: a first chip without its reading leaves the card's power to the other chip", () => {
    const [, second = ''] = duo([0, 48.2], () => '0000:03:00.0')
    const first = rows({ id: 0, model: '310P3-Ascend-V1', bus: '0000:03:00.0' }, {})
    expect(watts([first, second])).toEqual([null, 48.2])
  })

  it('5: without bus addresses by the number of cards, else by two neighbours with equal watts', () => {
    const parts = duo([48.2, 47.9, 31.7, 31.7], () => '')
    expect(watts(['machine_npu_nums 4\nmachine_card_nums 2\n', ...parts])).toEqual([
      48.2,
      null,
      31.7,
      null,
    ])
    expect(watts(parts)).toEqual([48.2, 47.9, 31.7, null])
    expect(read(...parts).toolLabels['card_power_pairing']).toBe('equal_power')
  })

  it('5: the power of a 910C package is on die 0, whatever die 1 prints, and the page says which', () => {
    const die = (id: number, power: number) => rows({ id, model: 'Ascend910-Ascend-V1' }, { power })
    const got = read(die(0, 199.1), die(1, 97.3))
    expect(got.devices.map((device) => device.metrics.power_watts)).toEqual([199.1, null])
    expect(got.devices[0]?.labels['power_scope']).toBe('package')
    expect(got.toolLabels['a3_die1_power']).toBe('other than die 0')
  })

  it('6: series repeated per vNPU are one device, whose holder is what the pods agree on', () => {
    const got = read(
      rows({ pod: 'a-0' }, { utilization: 40 }),
      rows({ pod: 'a-1' }, { utilization: 40 }),
    )
    expect(got.devices).toHaveLength(1)
    expect(got.devices[0]?.holder).toEqual({ namespace: 'ns' })
    expect(got.devices[0]?.labels['shared_by']).toBe('2')
  })

  it('7: container_npu_* never add to or replace the series of the chip', () => {
    const container = `container_npu_utilization{id="0",vdie_id="${VDIE}0"} 99 ${AT}\ncontainer_npu_utilization{id="5"} 99 ${AT}\n`
    const got = read(rows({}, { utilization: 40 }), container)
    expect(got.devices.map((device) => device.metrics.aicore_ratio)).toEqual([0.4])
    expect(got.ignored).toEqual(['container_npu_utilization'])
  })

  it('8: a name of other than three parts is a plain container, not a pod', () => {
    const info = (name: string) =>
      `npu_container_info{npuID="0",containerID="x",containerName="${name}"} 1 ${AT}\n`
    const holder = (name: string) => read(rows({}, {}), info(name)).devices[0]?.holder
    expect(holder('ns_pod-0_main')).toEqual({ namespace: 'ns', pod: 'pod-0', container: 'main' })
    expect(holder('my_docker')).toEqual({ container: 'my_docker' })
    expect(holder('a_b_c_d')).toEqual({ container: 'a_b_c_d' })
    expect(holder('')).toBeNull()
  })

  it('9: other label names of other builds name the same chip', () => {
    const got = read(
      `npu_chip_info_power{npuID="0",modelName="910B3",uuid="${VDIE}0",pcie="0000:c1:00.0"} 90 ${AT}\n`,
    )
    expect(got.devices[0]).toMatchObject({
      keys: [`vdie:${VDIE}0`, 'slot:0000:C1:00.0/0'],
      model: 'Ascend 910B3',
      index: 0,
    })
  })

  it('9: pages of several hosts joined into one stay several devices', () => {
    const other = rows({ id: 0 }, { power: 88 }).replaceAll(`${VDIE}0`, `${VDIE}F`)
    const bare = `npu_chip_info_power{id="0"} 12 ${AT}\n`
    const got = read(rows({ id: 0 }, { power: 77 }), other, bare)
    expect(got.devices.map((device) => device.metrics.power_watts)).toEqual([77, 88])
    expect(got.rejectedByReason).toEqual({ ambiguous_id: 1 })
  })

  it('10: the exporter names no node, and a page with fewer chips than it states is counted', () => {
    const got = read('machine_npu_nums 8\n', rows({}, {}))
    expect(got.devices[0]?.node).toBeNull()
    expect(got.rejectedByReason).toEqual({ chips_missing: 1 })
  })

  it('10: a process row without a process id says none; without any row nobody knows', () => {
    const process = (pid: string) =>
      `npu_chip_info_process_info{id="0",process_id="${pid}"} 0 ${AT}\n`
    expect(metricsOf(rows({}, {}), process(''))[0]?.process_count).toBe(0)
    expect(metricsOf(rows({}, {}), process('41'), process('42'))[0]?.process_count).toBe(2)
    expect(metricsOf(rows({}, {}))[0]?.process_count ?? null).toBeNull()
  })

  it('11: overall, vector and cube utilization are absent where the driver lacks them, never AI Core', () => {
    const [metrics] = metricsOf(rows({}, { utilization: 30 }))
    expect(metrics?.aicore_ratio).toBe(0.3)
    for (const name of ['npu_util_ratio', 'aivector_ratio', 'aicube_ratio'] as const)
      expect(metrics?.[name] ?? null).toBeNull()
  })

  it('memory of a vNPU is in KiB, that of a chip in MiB; PCIe is in MB per millisecond', () => {
    const vnpu = (name: string, value: number) =>
      `vnpu_pod_${name}{id="0",v_dev_id="100",aicore_count="4.00",is_virtual="true"} ${value} ${AT}\n`
    const got = read(
      rows({ model: '310P3-Ascend-V1' }, { used_memory: 2, total_memory: 8 }),
      vnpu('total_memory', 4096),
      vnpu('used_memory', 1024),
    )
    expect(got.devices.map((device) => device.metrics.memory_used_bytes)).toEqual([
      2_097_152, 1_048_576,
    ])
    expect(got.devices[1]).toMatchObject({
      parent: `vdie:${VDIE}0`,
      partition: { id: '100', profile: '4.00 AI Cores', share: null },
    })
    const pcie = (kind: string) =>
      `npu_chip_info_pcie_tx_${kind}_bw{id="0",pcie_bw_type="avg"} 0.25 ${AT}\n`
    const parts = ['p', 'np', 'cpl'].map(pcie)
    expect(metricsOf(...parts)[0]?.pcie_tx_bytes_per_second).toBe(750_000_000)
    expect(metricsOf(...parts.slice(1))[0]?.pcie_tx_bytes_per_second).toBeNull()
  })

  it('one HCCS link that could not be read leaves the sum of errors unknown, not smaller', () => {
    const errors = (last: number) =>
      rows({}, { hccs_statistic_info_crc_err_cnt_1: 4, hccs_statistic_info_crc_err_cnt_2: last })
    expect(metricsOf(errors(3))[0]?.scaleup_errors_total).toBe(7)
    expect(metricsOf(errors(-1))[0]?.scaleup_errors_total).toBeNull()
  })

  it('an old 910B with DDR is not the 910B of the second generation', () => {
    const model = (values: Readonly<Record<string, number>>) =>
      read(rows({ model: '910B-Ascend-V1' }, values)).devices[0]?.model
    expect(model({ hbm_total_memory: 32_768, total_memory: 15_171 })).toBe('Ascend 910B (gen 1)')
    expect(model({ hbm_total_memory: 65_536 })).toBe('Ascend 910B')
  })
})
