import {
  type SimulatedEcc,
  type SimulatedLink,
  writeEcc,
  writeHccs,
  writeMemory,
  writePower,
} from './simulate-details.ts'

/** Which box the simulated tool writes: 5 = 910B (98 wide), 6 = A3 with Phy-ID, 8 = 26.0 (116 wide). */
export type SimulatedLayout = 5 | 6 | 8

export interface SimulatedProcess {
  readonly pid: number
  readonly name: string
  readonly memoryMb: number
}

/** One chip (a die on A3) in the tool's own units; null is printed as `NA`, or `-` where the tool does. */
export interface SimulatedNpu {
  readonly npu: number
  readonly chip: number
  readonly phyId: number
  /** As the tool prints it: `910B3`, `Ascend910`. */
  readonly name: string
  readonly bus: string
  readonly health: 'OK' | 'Warning' | 'Alarm' | 'Critical' | 'UNKNOWN'
  /** Hex words, empty when healthy. */
  readonly errorCodes: readonly string[]
  /** Watts, one decimal; on A3 the package's, on chip 0. Null on die 1. */
  readonly powerWatts: number | null
  readonly temperatureCelsius: number | null
  readonly aicorePercent: number | null
  readonly memoryUsedMb: number
  readonly memoryTotalMb: number
  readonly hugepages: { readonly used: number; readonly total: number }
  readonly processes: readonly SimulatedProcess[]
  /** Five groups of eight hex digits; null prints `NA` as on a vNPU. */
  readonly vdie: readonly string[] | null
  /** `-t usages` of tools that know it; null leaves the lines out. */
  readonly npuUtilPercent: number | null
  readonly aicubePercent: number | null
  readonly aivectorPercent: number | null
  readonly hbmBandwidthPercent: number | null
  /** What only `-t memory`, `-t ecc`, `-t hccs` and `-t power` print; absent = nothing happened, no link down. */
  readonly hbmTemperatureCelsius?: number
  readonly ecc?: SimulatedEcc
  readonly hccs?: readonly SimulatedLink[]
  readonly cardPowerWatts?: number
}

export interface SimulatedTool {
  readonly layout: SimulatedLayout
  readonly toolVersion: string
  readonly driverVersion: string
  /** False for boards that print no process box. */
  readonly processBox: boolean
}

/** Column widths of a layout: name cell, health cell, values cell, and the three columns of the last. */
interface Widths {
  readonly name: number
  readonly health: number
  readonly values: number
  readonly columns: readonly [number, number]
}

const NARROW: Widths = { name: 27, health: 15, values: 52, columns: [12, 18] }
const WIDE: Widths = { name: 27, health: 15, values: 70, columns: [21, 24] }
const PROCESSES_SHOWN = 8
const PROCESS_NAME_CHARS = 15

/** `npu-smi info` for these chips: box, and process box where the tool prints one. */
export function writeNpuSmiInfo(devices: readonly SimulatedNpu[], tool: SimulatedTool): string {
  const widths = tool.layout === 8 ? WIDE : NARROW
  const hasPhyId = devices.some((device) => isA3(device)) || tool.layout === 6
  const inner = widths.name + widths.health + widths.values + 2
  const version = ` npu-smi ${tool.toolVersion}`.padEnd(tool.layout === 8 ? 45 : 34)
  const lines = [
    `+${'-'.repeat(inner)}+`,
    `|${`${version}Version: ${tool.driverVersion}`.padEnd(inner)}|`,
    border('-', widths),
    row(widths, [' NPU   Name', ' Health', ['Power(W)', 'Temp(C)', 'Hugepages-Usage(page)']]),
    row(widths, [
      hasPhyId ? ' Chip  Phy-ID' : ' Chip',
      ' Bus-Id',
      ['AICore(%)', 'Memory-Usage(MB)', 'HBM-Usage(MB)'],
    ]),
    border('=', widths),
  ]
  devices.forEach((device, index) => {
    lines.push(...chipRows(device, widths, hasPhyId))
    const sameCard = devices[index + 1]?.npu === device.npu
    lines.push(sameCard ? `+${'-'.repeat(inner)}+` : border('=', widths))
  })
  if (tool.processBox) lines.push(...processBox(devices, tool, widths))
  return `${lines.join('\n')}\n`
}

function chipRows(device: SimulatedNpu, widths: Widths, hasPhyId: boolean): string[] {
  const power = device.powerWatts?.toFixed(1) ?? (isA3(device) ? '-' : 'NA')
  const second = hasPhyId ? `${String(device.chip).padEnd(5)} ${device.phyId}` : `${device.chip}`
  return [
    row(widths, [
      ` ${String(device.npu).padEnd(5)} ${device.name}`,
      ` ${device.health}`,
      [
        power,
        printed(device.temperatureCelsius),
        pair(device.hugepages.used, device.hugepages.total),
      ],
    ]),
    row(widths, [
      ` ${second}`,
      ` ${device.bus}`,
      [printed(device.aicorePercent), pair(0, 0), pair(device.memoryUsedMb, device.memoryTotalMb)],
    ]),
  ]
}

function processBox(
  devices: readonly SimulatedNpu[],
  tool: SimulatedTool,
  widths: Widths,
): string[] {
  const last = tool.layout === 8 ? [20, 23, 25] : [26, 25]
  const titles = ['Process name', 'Process memory(MB)', 'Process id in container']
  const line = (cells: readonly string[]) =>
    `| ${(cells[0] ?? '').padEnd(widths.name - 1)}| ${(cells[1] ?? '').padEnd(widths.health - 1)}|${last
      .map((width, index) => ` ${(cells[index + 2] ?? '').padEnd(width - 1)}`)
      .join('|')}|`
  const lines = [
    border('-', widths),
    line(['NPU     Chip', 'Process id', ...titles]),
    border('=', widths),
  ]
  const inner = widths.name + widths.health + widths.values + 2
  for (const npu of new Set(devices.map((device) => device.npu))) {
    const rows = devices
      .filter((device) => device.npu === npu)
      .flatMap((device) =>
        device.processes
          .slice(0, PROCESSES_SHOWN)
          .map((process) =>
            line([
              `${String(npu).padEnd(8)}${device.chip}`,
              String(process.pid),
              process.name.replaceAll(/[\t:]/g, '').slice(0, PROCESS_NAME_CHARS),
              String(process.memoryMb),
              'NA',
            ]),
          ),
      )
    const none = `| ${`No running processes found in NPU ${npu}`.padEnd(inner - 1)}|`
    lines.push(...(rows.length > 0 ? rows : [none]), border('=', widths))
  }
  return lines
}

/** `npu-smi info -m`: wide columns, with a control processor after the last chip of each card. */
export function writeInfoMapping(devices: readonly SimulatedNpu[]): string {
  const hasPhyId = devices.some((device) => isA3(device))
  const line = (cells: readonly string[]) => `\t${cells.map((cell) => cell.padEnd(31)).join('')}`
  const titles = [
    'NPU ID',
    'Chip ID',
    'Chip Logic ID',
    ...(hasPhyId ? ['Chip Phy-ID'] : []),
    'Chip Name',
  ]
  const lines = [line(titles)]
  devices.forEach((device, index) => {
    const logic = String(device.phyId)
    const phy = hasPhyId ? [String(device.phyId)] : []
    const name = isA3(device) ? 'Ascend910' : `Ascend ${device.name}`
    lines.push(line([String(device.npu), String(device.chip), logic, ...phy, name]))
    if (devices[index + 1]?.npu !== device.npu)
      lines.push(
        line([String(device.npu), String(device.chip + 1), '-', ...(hasPhyId ? ['-'] : []), 'Mcu']),
      )
  })
  return `${lines.join('\n')}\n`
}

/** `npu-smi info -l`: the cards and how many chips each has. */
export function writeInfoList(devices: readonly SimulatedNpu[]): string {
  const cards = [...new Set(devices.map((device) => device.npu))]
  const lines = [field('Total Count', cards.length), '']
  for (const npu of cards)
    lines.push(
      field('NPU ID', npu),
      field('Chip Count', devices.filter((device) => device.npu === npu).length),
      '',
    )
  return `${lines.join('\n')}\n`
}

/** `npu-smi info -t board -i N -c M`: the chip's identity. */
export function writeBoard(device: SimulatedNpu): string {
  return answer([
    ['NPU ID', device.npu],
    ['Chip ID', device.chip],
    ['Chip Type', 'Ascend'],
    ['Chip Name', device.name],
    ['Chip Version', 'V1'],
    ['VDie ID', device.vdie?.join(' ') ?? 'NA'],
    ['PCIe Bus Info', device.bus],
  ])
}

/** `npu-smi info -t usages -i N`: one block per chip, each closed by its Chip ID. */
export function writeUsages(card: readonly SimulatedNpu[]): string {
  const optional = (name: string, value: number | null): [string, number][] =>
    value === null ? [] : [[name, value]]
  return answer([
    ['NPU ID', card[0]?.npu ?? 0],
    ['Chip Count', card.length],
    ...card.flatMap((device): (readonly [string, string | number])[] => [
      ['HBM Capacity(MB)', device.memoryTotalMb],
      ['HBM Usage Rate(%)', Math.round((100 * device.memoryUsedMb) / device.memoryTotalMb)],
      ...optional('Aicore Usage Rate(%)', device.aicorePercent),
      ...optional('Aivector Usage Rate(%)', device.aivectorPercent),
      ...optional('HBM Bandwidth Usage Rate(%)', device.hbmBandwidthPercent),
      ...optional('NPU Utilization(%)', device.npuUtilPercent),
      ...optional('Aicube Usage Rate(%)', device.aicubePercent),
      ['Chip ID', device.chip],
    ]),
  ])
}

function writeHealth(device: SimulatedNpu): string {
  const codes = device.errorCodes.length === 0 ? 'NA' : device.errorCodes.join(' ')
  return answer([
    ['Health Status', device.health],
    ['Error Code', codes],
    ['Error Information', device.errorCodes.length === 0 ? 'NA' : 'simulated fault'],
  ])
}

function writeCommon(card: readonly SimulatedNpu[]): string {
  return answer([
    ['NPU ID', card[0]?.npu ?? 0],
    ['Chip Count', card.length],
    ...card.flatMap((device): (readonly [string, string | number])[] => [
      ['Chip ID', device.chip],
      ['Aicore Usage Rate(%)', device.aicorePercent ?? 'NA'],
      ['Temperature(C)', device.temperatureCelsius ?? 'NA'],
      ['NPU Real-time Power(W)', device.powerWatts?.toFixed(1) ?? 'NA'],
    ]),
  ])
}

const INVALID_CARD =
  'Invalid card id.\nError parameter of -i\nUsage: npu-smi info <watch|proc|-h|-m|-l|-t type> [Options...]\n'

/**
 * Answers a command line like the tool does: everything on stdout, the exit status the low byte of the
 * DCMI code. Knows `info`, `-l`, `-m` and `-t board|usages|health|common|memory|ecc|hccs|power`.
 */
export function renderCommand(
  args: readonly string[],
  devices: readonly SimulatedNpu[],
  tool: SimulatedTool,
): { readonly stdout: string; readonly exitCode: number } {
  const ok = (stdout: string) => ({ stdout, exitCode: 0 })
  const valueOf = (flag: string) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined)
  if (args[0] !== 'info') return { stdout: INVALID_CARD, exitCode: 1 }
  if (args.length === 1) return ok(writeNpuSmiInfo(devices, tool))
  if (args.includes('-l')) return ok(writeInfoList(devices))
  if (args.includes('-m')) return ok(writeInfoMapping(devices))
  const card = devices.filter((device) => String(device.npu) === valueOf('-i'))
  const wanted = valueOf('-c')
  const chips = wanted === undefined ? card : card.filter((chip) => String(chip.chip) === wanted)
  const first = chips[0]
  if (first === undefined) return { stdout: INVALID_CARD, exitCode: 191 }
  switch (valueOf('-t')) {
    case 'board':
      return ok(writeBoard(first))
    case 'usages':
      return ok(writeUsages(chips))
    case 'health':
      return ok(writeHealth(first))
    case 'common':
      return ok(writeCommon(chips))
    case 'memory':
      return ok(writeMemory(chips))
    case 'ecc':
      return ok(writeEcc(chips))
    case 'hccs':
      return ok(writeHccs(first))
    case 'power':
      return ok(writePower(chips))
    default:
      return {
        stdout: `This device does not support querying ${valueOf('-t') ?? ''}.\n`,
        exitCode: 193,
      }
  }
}

function isA3(device: SimulatedNpu): boolean {
  return device.name === 'Ascend910'
}

function field(name: string, value: string | number): string {
  return `\t${name.padEnd(31)}: ${value}`
}

function answer(fields: readonly (readonly [string, string | number])[]): string {
  return `${fields.map(([name, value]) => field(name, value)).join('\n')}\n`
}

function printed(value: number | null): string {
  return value === null ? 'NA' : String(value)
}

/** `used / total`; five digits leave no blank before the slash, as in the tool. */
function pair(used: number, total: number): string {
  return `${String(used).padEnd(5)}/ ${total}`
}

function border(mark: string, widths: Widths): string {
  return `+${[widths.name, widths.health, widths.values].map((width) => mark.repeat(width)).join('+')}+`
}

function row(
  widths: Widths,
  [name, health, values]: readonly [string, string, readonly [string, string, string]],
): string {
  const [first, second] = widths.columns
  const text = ` ${values[0].padEnd(first)}${values[1].padEnd(second)}${values[2]}`
  return `|${name.padEnd(widths.name)}|${health.padEnd(widths.health)}|${text.padEnd(widths.values)}|`
}
