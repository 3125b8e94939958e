export interface SimulatedXpuProcess {
  readonly pid: number
  readonly name: string
  readonly memoryMb: number
}

/** One device in the tool's own units; null is printed as `N/A`. */
export interface SimulatedXpu {
  readonly index: number
  /** As the tool prints it: `P800 OAM`, `R300`. */
  readonly name: string
  /** Domain, bus, device and function with four digits of domain: `0000:52:00.0`. */
  readonly bus: string
  readonly serial: string
  readonly firmware: string
  readonly utilPercent: number
  readonly powerWatts: number | null
  readonly powerCapWatts: number
  readonly temperatureCelsius: number | null
  readonly memoryTemperatureCelsius: number
  readonly memoryUsedMb: number
  readonly memoryTotalMb: number
  readonly eccUncorrected: number | null
  readonly processes: readonly SimulatedXpuProcess[]
}

export interface SimulatedXpuTool {
  /** The first generation prints tables, the current one a box. */
  readonly generation: 'first' | 'current'
  readonly driverVersion: string
  /** Null inside a container. */
  readonly runtimeVersion: string | null
  /** A line of date and time before the box. */
  readonly timestamp: string | null
  readonly processBox: boolean
  /** False for a tool that does not know `-m`. */
  readonly machineFormat: boolean
}

const INNER = 77
const CELLS = [31, 22, 22] as const
const L3_MB = 96
const RULE = `+${'-'.repeat(INNER)}+`
const BORDER = `+${CELLS.map((width) => '-'.repeat(width)).join('+')}+`

/** What the tool prints without arguments. */
export function writeXpuSmi(devices: readonly SimulatedXpu[], tool: SimulatedXpuTool): string {
  return tool.generation === 'first' ? writeTables(devices, tool) : writeBox(devices, tool)
}

function writeBox(devices: readonly SimulatedXpu[], tool: SimulatedXpuTool): string {
  const versions = ` XPU-SMI               Driver Version: ${tool.driverVersion.padEnd(13)}XPU-RT Version: ${tool.runtimeVersion ?? 'N/A'}`
  const lines = [
    ...(tool.timestamp === null ? [] : [tool.timestamp]),
    RULE,
    `|${versions.padEnd(INNER)}|`,
    `|${BORDER.slice(1)}`,
    '| XPU  Name        Persistence-M| Bus-Id        Disp.A | Volatile Uncorr. ECC |',
    '| Fan  Temp  Perf  Pwr:Usage/Cap|         Memory-Usage | XPU-Util  Compute M. |',
    '|                               |             L3-Usage |            SR-IOV M. |',
    `|${CELLS.map((width) => '='.repeat(width)).join('+')}|`,
  ]
  for (const device of devices) lines.push(...deviceLines(device), BORDER)
  if (tool.processBox) lines.push('', ...processLines(devices))
  return `${lines.join('\n')}\n`
}

function deviceLines(device: SimulatedXpu): string[] {
  const power = `${withUnit(device.powerWatts, 'W')} / ${device.powerCapWatts}W`
  const memory = `${device.memoryUsedMb}MiB / ${device.memoryTotalMb}MiB`
  const temperature = withUnit(device.temperatureCelsius, 'C')
  return [
    row([
      `${String(device.index).padStart(4)}  ${device.name.padEnd(18)} N/A  `,
      ` 0000${device.bus.toUpperCase()} N/A `,
      `${withUnit(device.eccUncorrected, '')} `,
    ]),
    row([
      ` N/A  ${temperature.padStart(4)}  N/A ${power.padStart(14)} `,
      `${memory} `,
      `${device.utilPercent}%      Default `,
    ]),
    row(['', `0MiB / ${String(L3_MB).padStart(5)}MiB `, 'Disabled ']),
  ]
}

const row = (cells: readonly [string, string, string]) =>
  `|${cells.map((cell, at) => (at === 0 ? cell.padEnd(CELLS[0]) : cell.padStart(CELLS[at] ?? 0))).join('|')}|`
const withUnit = (value: number | null, unit: string) =>
  value === null ? 'N/A' : `${value}${unit}`

function processLines(devices: readonly SimulatedXpu[]): string[] {
  const listed = devices.flatMap((device) =>
    device.processes.map(
      ({ pid, name, memoryMb }) =>
        `|${String(device.index).padStart(5)}   N/A  N/A ${String(pid).padStart(10)}      C   ${name.slice(0, 26).padEnd(27)}${`${memoryMb}MiB`.padStart(12)} `.padEnd(
          INNER + 1,
        ) + '|',
    ),
  )
  return [
    RULE,
    `|${' Processes:'.padEnd(INNER)}|`,
    '|  XPU   XI   CI        PID   Type   Process name                  XPU Memory |',
    '|        ID   ID                                                   Usage      |',
    `|${'='.repeat(INNER)}|`,
    ...(listed.length > 0 ? listed : [`|${'  No running processes found'.padEnd(INNER)}|`]),
    RULE,
  ]
}

function writeTables(devices: readonly SimulatedXpu[], tool: SimulatedXpuTool): string {
  const table = (title: string, rows: readonly (readonly string[])[]) => {
    const widths = (rows[0] ?? []).map((_, at) =>
      Math.max(...rows.map((cells) => cells[at]?.length ?? 0)),
    )
    const lines = rows.map(
      (cells) => `| ${cells.map((cell, at) => cell.padStart(widths[at] ?? 0)).join(' | ')} |`,
    )
    const rule = '-'.repeat(lines[0]?.length ?? 0)
    return [`  ${title}`, rule, lines[0] ?? '', rule, ...lines.slice(1), rule]
  }
  const codec = '0 %, 0 fps, 800 MHz'
  const lines = [
    `Runtime Version: ${tool.runtimeVersion ?? 'N/A'}`,
    `Driver Version: ${tool.driverVersion}`,
    ...table('DEVICES', [
      ['DevID', 'PCI Addr', 'Model', 'SN', 'INODE', 'UseRate', 'L3', 'Memory'],
      ...devices.map((device) => [
        String(device.index),
        device.bus,
        device.name,
        device.serial,
        `/dev/xpu${device.index}`,
        `${device.utilPercent} %`,
        '0 / 63 MB',
        `${device.memoryUsedMb} / ${device.memoryTotalMb} MB`,
      ]),
    ]),
    ...table('VIDEO', [
      ['DevID', 'Model', 'DEC', 'ENC', 'IMGPROC'],
      ...devices.map((device) => [String(device.index), device.name, codec, codec, codec]),
    ]),
    ...table('PROCESSES', [
      ['DevID', 'PID', 'Streams', 'L3', 'Memory', 'Command'],
      ...devices.flatMap((device) =>
        device.processes.map(({ pid, name, memoryMb }) => [
          String(device.index),
          String(pid),
          '4',
          '0 MB',
          `${memoryMb} MB`,
          name,
        ]),
      ),
    ]),
  ]
  return `${lines.join('\n')}\n`
}

/** `xpu-smi -m`: 32 columns between blanks, in the order of the tool's help text. */
export function writeMachineFormat(devices: readonly SimulatedXpu[]): string {
  const lines = devices.map((device, board) =>
    [
      device.bus.toLowerCase(),
      board,
      device.index,
      device.serial,
      device.temperatureCelsius ?? 0,
      0,
      device.memoryTemperatureCelsius,
      0,
      device.powerWatts ?? 0,
      1300,
      1300,
      1300,
      1000,
      800,
      800,
      0,
      L3_MB,
      device.memoryUsedMb,
      device.memoryTotalMb,
      device.utilPercent,
      device.firmware,
      device.name,
      0,
      0,
      0,
      800,
      0,
      0,
      800,
      0,
      0,
      800,
    ].join(' '),
  )
  return `${lines.join('\n')}\n`
}

/** Answers a command line like the tool does. */
export function renderCommand(
  args: readonly string[],
  devices: readonly SimulatedXpu[],
  tool: SimulatedXpuTool,
): { readonly stdout: string; readonly exitCode: number } {
  if (args.length === 0) return { stdout: writeXpuSmi(devices, tool), exitCode: 0 }
  if (args[0] === '-m' && tool.machineFormat)
    return { stdout: writeMachineFormat(devices), exitCode: 0 }
  return { stdout: `invalid option: ${args.join(' ')}\n`, exitCode: 1 }
}
