import type { Confidence, ModelEntry, ModelFact } from './model.ts'

/**
 * The models we know. Figures: limits, memory and thermal points marked `measured` were printed by the driver of
 * a real machine; TFLOPS, bandwidths and link speeds are the makers' published dense figures (half of a sparse
 * one) and were not measured here.
 */

const fact =
  (confidence: Confidence, source: string) =>
  (value: number): ModelFact => ({ value, confidence, source })

const printed = fact('measured', 'printed by the driver of a real machine')
const sheet = fact('published', "maker's data sheet")
const weak = fact('weak', 'from memory or contradictory reports')
const third = fact('weak', 'third party')
const cores = fact('published', 'cores x rated clock x 8192 FLOP')

const MIB = 1_048_576
const GB = 1e9
const TB = 1e12

interface Thermal {
  readonly temperature_max_operating_celsius?: ModelFact
  readonly temperature_slowdown_celsius?: ModelFact
  readonly temperature_shutdown_celsius?: ModelFact
}
const thermal = (operating: number, slowdown: number, shutdown: number): Thermal => ({
  temperature_max_operating_celsius: printed(operating),
  temperature_slowdown_celsius: printed(slowdown),
  temperature_shutdown_celsius: printed(shutdown),
})

const idle = (low: number, high: number) => ({
  idle_watts_low: printed(low),
  idle_watts_high: printed(high),
})

const NVIDIA: readonly ModelEntry[] = [
  {
    names: ['NVIDIA H100 80GB HBM3', 'H100 SXM5 80GB'],
    vendor: 'nvidia',
    dense_bf16_tflops: sheet(989),
    dense_fp16_tflops: sheet(989),
    dense_fp8_tflops: sheet(1979),
    memory_bytes: printed(81_559 * MIB),
    memory_bandwidth_bytes_per_second: sheet(3.35 * TB),
    power_cap_watts: printed(700),
    power_cap_min_watts: printed(200),
    ...idle(66, 75),
    scaleup_bytes_per_second: sheet(900 * GB),
    ...thermal(85, 87, 93),
  },
  {
    names: ['NVIDIA H200'],
    vendor: 'nvidia',
    dense_bf16_tflops: sheet(989),
    dense_fp16_tflops: sheet(989),
    dense_fp8_tflops: sheet(1979),
    memory_bytes: printed(143_771 * MIB),
    memory_bandwidth_bytes_per_second: sheet(4.8 * TB),
    power_cap_watts: printed(700),
    power_cap_min_watts: printed(200),
    ...idle(70, 78),
    scaleup_bytes_per_second: sheet(900 * GB),
    ...thermal(87, 89, 95),
  },
  {
    names: ['NVIDIA H100 PCIe'],
    vendor: 'nvidia',
    dense_bf16_tflops: weak(756),
    dense_fp8_tflops: weak(1513),
    memory_bytes: weak(80 * GB),
    memory_bandwidth_bytes_per_second: weak(2 * TB),
    power_cap_watts: weak(350),
    scaleup_bytes_per_second: weak(600 * GB),
  },
  {
    names: ['NVIDIA H100 NVL'],
    vendor: 'nvidia',
    dense_bf16_tflops: weak(835),
    dense_fp8_tflops: weak(1671),
    memory_bytes: weak(94 * GB),
    memory_bandwidth_bytes_per_second: weak(3.9 * TB),
    power_cap_watts: weak(400),
    scaleup_bytes_per_second: weak(600 * GB),
  },
  {
    names: ['NVIDIA A100-SXM4-80GB'],
    vendor: 'nvidia',
    dense_bf16_tflops: sheet(312),
    dense_fp16_tflops: sheet(312),
    memory_bytes: printed(81_920 * MIB),
    memory_bandwidth_bytes_per_second: sheet(2.039 * TB),
    power_cap_watts: printed(500),
    power_cap_min_watts: printed(100),
    idle_watts_high: printed(67),
    scaleup_bytes_per_second: sheet(600 * GB),
    ...thermal(85, 89, 92),
  },
  {
    names: ['NVIDIA A100-SXM4-40GB'],
    vendor: 'nvidia',
    dense_bf16_tflops: sheet(312),
    dense_fp16_tflops: sheet(312),
    memory_bytes: printed(40_960 * MIB),
    memory_bandwidth_bytes_per_second: sheet(1.555 * TB),
    power_cap_watts: printed(400),
    scaleup_bytes_per_second: sheet(600 * GB),
    ...thermal(85, 89, 92),
  },
  {
    names: ['NVIDIA A100-PCIE-40GB'],
    vendor: 'nvidia',
    dense_bf16_tflops: weak(312),
    dense_fp16_tflops: weak(312),
    memory_bytes: weak(40_960 * MIB),
    memory_bandwidth_bytes_per_second: weak(1.555 * TB),
    power_cap_watts: weak(250),
  },
  {
    names: ['NVIDIA H800'],
    vendor: 'nvidia',
    dense_bf16_tflops: sheet(989),
    dense_fp8_tflops: sheet(1979),
    memory_bytes: sheet(80 * GB),
    memory_bandwidth_bytes_per_second: sheet(3.35 * TB),
    power_cap_watts: sheet(700),
    scaleup_bytes_per_second: sheet(400 * GB),
  },
  {
    names: ['NVIDIA A800-SXM4-80GB', 'NVIDIA A800-SXM4-40GB'],
    vendor: 'nvidia',
    dense_bf16_tflops: sheet(312),
    dense_fp16_tflops: sheet(312),
    power_cap_watts: sheet(400),
    scaleup_bytes_per_second: sheet(400 * GB),
  },
  {
    names: ['NVIDIA H20'],
    vendor: 'nvidia',
    dense_bf16_tflops: weak(148),
    dense_fp8_tflops: weak(296),
    memory_bandwidth_bytes_per_second: weak(4 * TB),
    power_cap_watts: weak(400),
    scaleup_bytes_per_second: weak(900 * GB),
  },
  {
    names: ['NVIDIA L40S'],
    vendor: 'nvidia',
    dense_bf16_tflops: sheet(362),
    dense_fp16_tflops: sheet(362),
    dense_fp8_tflops: sheet(733),
    memory_bytes: printed(46_068 * MIB),
    memory_bandwidth_bytes_per_second: sheet(864 * GB),
    power_cap_watts: printed(350),
    power_cap_min_watts: printed(100),
    ...idle(34, 36),
    ...thermal(88, 90, 93),
  },
  {
    names: ['NVIDIA A10'],
    vendor: 'nvidia',
    dense_bf16_tflops: sheet(125),
    dense_fp16_tflops: sheet(125),
    memory_bytes: printed(23_028 * MIB),
    memory_bandwidth_bytes_per_second: sheet(600 * GB),
    power_cap_watts: printed(150),
    power_cap_min_watts: printed(100),
    ...thermal(91, 98, 101),
  },
  {
    names: ['NVIDIA A10G'],
    vendor: 'nvidia',
    dense_bf16_tflops: sheet(70),
    dense_fp16_tflops: sheet(70),
    memory_bytes: printed(23_028 * MIB),
    memory_bandwidth_bytes_per_second: sheet(600 * GB),
    power_cap_watts: printed(300),
    ...thermal(88, 95, 98),
  },
  {
    names: ['NVIDIA A30'],
    vendor: 'nvidia',
    dense_bf16_tflops: weak(165),
    memory_bytes: weak(24 * GB),
    memory_bandwidth_bytes_per_second: weak(933 * GB),
    power_cap_watts: weak(165),
    scaleup_bytes_per_second: weak(200 * GB),
  },
  {
    names: ['NVIDIA L4'],
    vendor: 'nvidia',
    dense_bf16_tflops: weak(121),
    dense_fp8_tflops: weak(242),
    memory_bytes: weak(23_034 * MIB),
    memory_bandwidth_bytes_per_second: weak(300 * GB),
    power_cap_watts: weak(72),
    idle_watts_high: printed(16),
  },
  {
    names: ['Tesla T4'],
    vendor: 'nvidia',
    dense_fp16_tflops: sheet(65),
    memory_bytes: printed(15_360 * MIB),
    memory_bandwidth_bytes_per_second: sheet(320 * GB),
    power_cap_watts: printed(70),
    power_cap_min_watts: printed(60),
    ...idle(9, 15),
    ...thermal(85, 93, 96),
  },
  {
    names: ['Tesla V100-SXM2-32GB'],
    vendor: 'nvidia',
    dense_fp16_tflops: sheet(125),
    memory_bandwidth_bytes_per_second: sheet(900 * GB),
    power_cap_watts: sheet(300),
    scaleup_bytes_per_second: sheet(300 * GB),
  },
  {
    names: ['Tesla P100-PCIE-16GB'],
    vendor: 'nvidia',
    dense_fp16_tflops: sheet(19),
    memory_bytes: printed(16_384 * MIB),
    memory_bandwidth_bytes_per_second: sheet(732 * GB),
    power_cap_watts: printed(250),
    power_cap_min_watts: printed(125),
    temperature_slowdown_celsius: printed(82),
    temperature_shutdown_celsius: printed(85),
  },
  {
    names: ['NVIDIA B200'],
    vendor: 'nvidia',
    dense_bf16_tflops: weak(2250),
    dense_fp8_tflops: weak(4500),
    memory_bandwidth_bytes_per_second: weak(8 * TB),
    power_cap_watts: weak(1000),
    scaleup_bytes_per_second: weak(1800 * GB),
  },
  {
    names: ['NVIDIA GB200'],
    vendor: 'nvidia',
    dense_bf16_tflops: weak(2500),
    dense_fp8_tflops: weak(5000),
    memory_bandwidth_bytes_per_second: weak(8 * TB),
    power_cap_watts: weak(1200),
    scaleup_bytes_per_second: weak(1800 * GB),
  },
]

/** HCCS of an A2 board: 7 links of 28 GB/s each way. */
const HCCS_A2 = { scaleup_bytes_per_second: third(392 * GB) } as const

const ascend = (name: string, tflops: number, gigabytes: number): ModelEntry => ({
  names: [`Ascend ${name}`],
  vendor: 'huawei',
  dense_bf16_tflops: cores(tflops),
  dense_fp16_tflops: cores(tflops),
  memory_bytes: printed(gigabytes * 1024 * MIB),
  ...idle(82, 105),
  ...HCCS_A2,
})

const ASCEND: readonly ModelEntry[] = [
  {
    // No BF16 on the first generation.
    names: ['Ascend 910A', 'Ascend 910ProA', 'Ascend 910ProB', 'Ascend 910B (gen 1)'],
    vendor: 'huawei',
    dense_fp16_tflops: cores(221),
    memory_bytes: printed(32 * 1024 * MIB),
    power_cap_watts: third(310),
    ...idle(63, 79),
  },
  { ...ascend('910B1', 364, 64), power_cap_watts: third(400) },
  { ...ascend('910B2', 354, 64), power_cap_watts: third(400) },
  // One card of a virtual machine drew 450 W at 100 %.
  { ...ascend('910B2C', 354, 64), power_cap_watts: printed(450) },
  { ...ascend('910B3', 295, 64), power_cap_watts: third(400) },
  ascend('910B4', 246, 32),
  ascend('910B4-1', 246, 64),
  {
    names: ['Ascend 910C'],
    vendor: 'huawei',
    dense_bf16_tflops: third(364),
    dense_fp16_tflops: third(364),
    memory_bytes: printed(64 * 1024 * MIB),
    memory_bandwidth_bytes_per_second: third(1.6 * TB),
    // Of the package of two dies, which has the one power reading.
    idle_watts_low: printed(152),
    idle_watts_high: printed(188),
    devices_per_power_reading: 2,
    scaleup_bytes_per_second: third(784 * GB),
  },
  {
    names: ['Ascend 310P3', 'Ascend 310P'],
    vendor: 'huawei',
    dense_fp16_tflops: cores(69.5),
    power_cap_watts: weak(72),
  },
  {
    names: ['Ascend 310'],
    vendor: 'huawei',
    dense_fp16_tflops: weak(8),
    memory_bytes: printed(8 * 1024 * MIB),
    power_cap_watts: printed(12.8),
  },
]

const OTHERS: readonly ModelEntry[] = [
  {
    names: ['MLU370-X4'],
    vendor: 'cambricon',
    dense_fp16_tflops: weak(96),
    memory_bytes: printed(23_308 * MIB),
    power_cap_watts: printed(150),
  },
  {
    // One board is two entries, each printing the board's power.
    names: ['MLU370-X8'],
    vendor: 'cambricon',
    dense_fp16_tflops: weak(48),
    memory_bytes: printed(23_374 * MIB),
    power_cap_watts: printed(250),
    devices_per_power_reading: 2,
  },
  {
    names: ['MLU590', 'MLU590-M9', 'MLU590-H8'],
    vendor: 'cambricon',
    dense_bf16_tflops: weak(314),
    power_cap_watts: weak(550),
  },
  {
    names: ['P800 OAM', 'Kunlun P800'],
    vendor: 'kunlunxin',
    dense_bf16_tflops: weak(345),
    memory_bytes: printed(98_304 * MIB),
    power_cap_watts: printed(400),
    ...idle(84, 98),
  },
  {
    names: ['R300'],
    vendor: 'kunlunxin',
    dense_fp16_tflops: third(128),
    memory_bytes: printed(32 * 1024 * MIB),
    ...idle(71, 74),
  },
]

/** Every built-in entry. */
export const BUILT_IN_MODELS: readonly ModelEntry[] = [...NVIDIA, ...ASCEND, ...OTHERS]
