import { writeNvidiaSmiCsv } from './simulate-csv.ts'

/** A MIG device in the tool's own units. */
export interface SimulatedMig {
  readonly gpuInstance: number
  readonly computeInstance: number
  /** As `-L` prints it: `1g.10gb`, `1c.3g.40gb`. */
  readonly profile: string
  readonly uuid: string
  readonly multiprocessors: number
  readonly memoryTotalMib: number
  readonly memoryUsedMib: number
}

export interface SimulatedProcess {
  readonly pid: number
  readonly name: string
  readonly memoryMib: number
  /** Index into `mig`; null for a process of the whole board. */
  readonly mig: number | null
}

/** One GPU in the tool's own units; null is printed as `N/A`. */
export interface SimulatedGpu {
  readonly index: number
  readonly model: string
  readonly architecture: string
  readonly uuid: string
  readonly serial: string
  /** `00000000:53:00.0`. */
  readonly bus: string
  readonly utilPercent: number | null
  readonly memoryUtilPercent: number | null
  readonly powerWatts: number | null
  readonly powerLimitWatts: number
  readonly powerLimitMaxWatts: number
  readonly temperatureCelsius: number
  readonly memoryTemperatureCelsius: number | null
  /** Degrees left to the limit; null on boards that print absolute limits. */
  readonly tlimitCelsius: number | null
  readonly slowdownCelsius: number
  readonly smClockMhz: number
  readonly smClockMaxMhz: number
  readonly memoryClockMhz: number
  readonly memoryTotalMib: number
  readonly memoryReservedMib: number
  readonly memoryUsedMib: number
  /** NVML's clock-event bits. */
  readonly reasons: number
  /** Microseconds slowed by power cap, by software and hardware for heat, by power brake. */
  readonly slowedUs: readonly [power: number, swThermal: number, hwThermal: number, brake: number]
  readonly eccCorrected: number
  readonly eccUncorrected: number
  readonly rowsRemapped: number
  readonly isRemapPending: boolean
  /** `None`, `Reset`, `Drain and Reset`. */
  readonly recoveryAction: string
  readonly mig: readonly SimulatedMig[]
  readonly processes: readonly SimulatedProcess[]
}

/** `v12` prints one power draw and no counters, `v13` average and instant ones and microseconds. */
export interface SimulatedDriver {
  readonly version: string
  readonly cuda: string
  readonly schema: 'v12' | 'v13'
}

type Item = readonly [name: string, value: string | readonly Item[]]

const REASON_NAMES = [
  'gpu_idle',
  'applications_clocks_setting',
  'sw_power_cap',
  'hw_slowdown',
  'sync_boost',
  'sw_thermal_slowdown',
  'hw_thermal_slowdown',
  'hw_power_brake_slowdown',
  'display_clocks_setting',
] as const

/** `nvidia-smi -q -x` of these GPUs. */
export function writeNvidiaSmiXml(gpus: readonly SimulatedGpu[], driver: SimulatedDriver): string {
  const lines = [
    '<?xml version="1.0" ?>',
    `<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_${driver.schema}.dtd">`,
    '<nvidia_smi_log>',
    ...elements(
      [
        ['timestamp', 'Thu Jan  1 00:00:00 2026'],
        ['driver_version', driver.version],
        ['cuda_version', driver.cuda],
        ['attached_gpus', String(gpus.length)],
      ],
      1,
    ),
  ]
  for (const gpu of gpus)
    lines.push(`\t<gpu id="${gpu.bus}">`, ...elements(gpuItems(gpu, driver), 2), '\t</gpu>', '')
  lines.push('</nvidia_smi_log>')
  return `${lines.join('\n')}\n`
}

function elements(items: readonly Item[], depth: number): string[] {
  const indent = '\t'.repeat(depth)
  return items.flatMap(([name, value]) =>
    typeof value === 'string'
      ? [`${indent}<${name}>${escaped(value)}</${name}>`]
      : [`${indent}<${name}>`, ...elements(value, depth + 1), `${indent}</${name}>`],
  )
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function gpuItems(gpu: SimulatedGpu, driver: SimulatedDriver): Item[] {
  const isMig = gpu.mig.length > 0
  const mode = isMig ? 'Enabled' : 'Disabled'
  return [
    ['product_name', gpu.model],
    ['product_brand', 'NVIDIA'],
    ['product_architecture', gpu.architecture],
    ['persistence_mode', 'Enabled'],
    [
      'mig_mode',
      [
        ['current_mig', mode],
        ['pending_mig', mode],
      ],
    ],
    ['mig_devices', isMig ? gpu.mig.map(migItem) : 'None'],
    ['serial', gpu.serial],
    ['uuid', gpu.uuid],
    ['minor_number', String(gpu.index)],
    ['vbios_version', '96.00.00.00.01'],
    ['gpu_recovery_action', gpu.recoveryAction],
    ['gsp_firmware_version', driver.version],
    pciItem(gpu),
    ['fan_speed', 'N/A'],
    ['performance_state', 'P0'],
    reasonsItem(gpu),
    ...(driver.schema === 'v13' ? [countersItem(gpu)] : []),
    memoryItem(gpu.memoryTotalMib, gpu.memoryReservedMib, gpu.memoryUsedMib),
    [
      'utilization',
      [
        ['gpu_util', unit(isMig ? null : gpu.utilPercent, '%')],
        ['memory_util', unit(isMig ? null : gpu.memoryUtilPercent, '%')],
        ['encoder_util', unit(isMig ? null : 0, '%')],
        ['decoder_util', unit(isMig ? null : 0, '%')],
      ],
    ],
    eccItem(gpu),
    isMig ? ['remapped_rows', 'N/A'] : remapItem(gpu),
    temperatureItem(gpu),
    powerItem(gpu, driver),
    [
      'clocks',
      [
        ['sm_clock', `${gpu.smClockMhz} MHz`],
        ['mem_clock', `${gpu.memoryClockMhz} MHz`],
      ],
    ],
    ['max_clocks', [['sm_clock', `${gpu.smClockMaxMhz} MHz`]]],
    ['processes', gpu.processes.map((process) => processItem(gpu, process))],
  ]
}

const unit = (value: number | null, name: string) => (value === null ? 'N/A' : `${value} ${name}`)
const watts = (value: number | null) => (value === null ? 'N/A' : `${value.toFixed(2)} W`)

function migItem(mig: SimulatedMig, index: number): Item {
  return [
    'mig_device',
    [
      ['index', String(index)],
      ['gpu_instance_id', String(mig.gpuInstance)],
      ['compute_instance_id', String(mig.computeInstance)],
      ['device_attributes', [['shared', [['multiprocessor_count', String(mig.multiprocessors)]]]]],
      memoryItem(mig.memoryTotalMib, 0, mig.memoryUsedMib),
    ],
  ]
}

const memoryItem = (total: number, reserved: number, used: number): Item => [
  'fb_memory_usage',
  [
    ['total', `${total} MiB`],
    ['reserved', `${reserved} MiB`],
    ['used', `${used} MiB`],
    ['free', `${total - reserved - used} MiB`],
  ],
]

const pciItem = ({ bus }: SimulatedGpu): Item => [
  'pci',
  [
    ['pci_bus_id', bus],
    [
      'pci_gpu_link_info',
      [
        [
          'pcie_gen',
          [
            ['max_link_gen', '5'],
            ['current_link_gen', '5'],
          ],
        ],
        [
          'link_widths',
          [
            ['max_link_width', '16x'],
            ['current_link_width', '16x'],
          ],
        ],
      ],
    ],
    ['replay_counter', '0'],
    ['tx_util', '350 KB/s'],
    ['rx_util', '329 KB/s'],
  ],
]

const reasonsItem = ({ reasons }: SimulatedGpu): Item => [
  'clocks_event_reasons',
  REASON_NAMES.map((name, bit): Item => [
    `clocks_event_reason_${name}`,
    Math.floor(reasons / 2 ** bit) % 2 === 1 ? 'Active' : 'Not Active',
  ]),
]

function countersItem({ slowedUs }: SimulatedGpu): Item {
  const prefix = 'clocks_event_reasons_counters'
  const names = ['sw_power_cap', 'sw_therm_slowdown', 'hw_therm_slowdown', 'hw_power_brake']
  return [prefix, names.map((name, at): Item => [`${prefix}_${name}`, `${slowedUs[at] ?? 0} us`])]
}

function eccItem({ eccCorrected, eccUncorrected }: SimulatedGpu): Item {
  const counts: readonly Item[] = [
    ['sram_correctable', '0'],
    ['sram_uncorrectable', '0'],
    ['dram_correctable', String(eccCorrected)],
    ['dram_uncorrectable', String(eccUncorrected)],
  ]
  return [
    'ecc_errors',
    [
      ['volatile', counts],
      ['aggregate', counts],
    ],
  ]
}

const remapItem = ({ rowsRemapped, isRemapPending }: SimulatedGpu): Item => [
  'remapped_rows',
  [
    ['remapped_row_corr', '0'],
    ['remapped_row_unc', String(rowsRemapped)],
    ['remapped_row_pending', isRemapPending ? 'Yes' : 'No'],
    ['remapped_row_failure', 'No'],
  ],
]

function temperatureItem(gpu: SimulatedGpu): Item {
  const limits: readonly Item[] =
    gpu.tlimitCelsius === null
      ? [
          ['gpu_temp_tlimit', 'N/A'],
          ['gpu_temp_max_threshold', `${gpu.slowdownCelsius + 3} C`],
          ['gpu_temp_slow_threshold', `${gpu.slowdownCelsius} C`],
        ]
      : [
          ['gpu_temp_tlimit', `${gpu.tlimitCelsius} C`],
          ['gpu_temp_max_tlimit_threshold', '-8 C'],
          ['gpu_temp_slow_tlimit_threshold', '-2 C'],
        ]
  return [
    'temperature',
    [
      ['gpu_temp', `${gpu.temperatureCelsius} C`],
      ...limits,
      ['memory_temp', unit(gpu.memoryTemperatureCelsius, 'C')],
    ],
  ]
}

function powerItem(gpu: SimulatedGpu, { schema }: SimulatedDriver): Item {
  const draw = watts(gpu.powerWatts)
  const draws: readonly Item[] =
    schema === 'v12'
      ? [['power_draw', draw]]
      : [
          ['average_power_draw', draw],
          ['instant_power_draw', draw],
        ]
  return [
    'gpu_power_readings',
    [
      ...draws,
      ['current_power_limit', watts(gpu.powerLimitWatts)],
      ['requested_power_limit', watts(gpu.powerLimitWatts)],
      ['default_power_limit', watts(gpu.powerLimitMaxWatts)],
      ['max_power_limit', watts(gpu.powerLimitMaxWatts)],
    ],
  ]
}

function processItem(gpu: SimulatedGpu, process: SimulatedProcess): Item {
  const mig = process.mig === null ? undefined : gpu.mig[process.mig]
  return [
    'process_info',
    [
      ['gpu_instance_id', mig === undefined ? 'N/A' : String(mig.gpuInstance)],
      ['compute_instance_id', mig === undefined ? 'N/A' : String(mig.computeInstance)],
      ['pid', String(process.pid)],
      ['type', 'C'],
      ['process_name', process.name],
      ['used_memory', `${process.memoryMib} MiB`],
    ],
  ]
}

/** `nvidia-smi -L`. */
export function writeNvidiaSmiList(gpus: readonly SimulatedGpu[]): string {
  const lines = gpus.flatMap((gpu) => [
    `GPU ${gpu.index}: ${gpu.model} (UUID: ${gpu.uuid})`,
    ...gpu.mig.map(
      (mig, at) =>
        `  MIG ${mig.profile.padEnd(11)} Device ${String(at).padStart(2)}: (UUID: ${mig.uuid})`,
    ),
  ])
  return `${lines.join('\n')}\n`
}

/** Answers a command line like the tool does: `-q -x`, `-L`, `--query-gpu`; else exit status 2. */
export function renderCommand(
  args: readonly string[],
  gpus: readonly SimulatedGpu[],
  driver: SimulatedDriver,
): { readonly stdout: string; readonly exitCode: number } {
  if (gpus.length === 0) return { stdout: 'No devices were found\n', exitCode: 6 }
  if (args.includes('-q') && args.includes('-x'))
    return { stdout: writeNvidiaSmiXml(gpus, driver), exitCode: 0 }
  if (args.includes('-L')) return { stdout: writeNvidiaSmiList(gpus), exitCode: 0 }
  if (args.some((arg) => arg.startsWith('--query-gpu'))) {
    const nounits = args.some((arg) => arg.includes('nounits'))
    return { stdout: writeNvidiaSmiCsv(gpus, { nounits }), exitCode: 0 }
  }
  return {
    stdout: "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n",
    exitCode: 2,
  }
}
