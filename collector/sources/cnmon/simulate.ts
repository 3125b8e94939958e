/** Which box the simulated tool writes. */
export type SimulatedBox = '4.20' | '5.10-sriov' | '5.10-mode'

/** One card in the tool's own units; null is printed as `N/A`. */
export interface SimulatedCnmonCard {
  readonly card: number
  /** `MLU370-X4`. */
  readonly name: string
  readonly firmware: string
  readonly bus: string
  readonly utilPercent: number | null
  readonly fanPercent: number
  readonly temperatureCelsius: number | null
  /** On an MLU370-X8 the board's, on both cards. */
  readonly powerWatts: number | null
  readonly powerCapWatts: number
  readonly memoryUsedMib: number
  readonly memoryTotalMib: number
  readonly eccErrors: number | null
  readonly mode: 'FULL' | 'MIM' | 'sMLU'
  readonly processes: readonly {
    readonly pid: number
    readonly command: string
    readonly mib: number
  }[]
}

export interface SimulatedCnmonTool {
  readonly box: SimulatedBox
  readonly toolVersion: string
  readonly driverVersion: string
  /** Newer tools print the time first; null prints none. */
  readonly timeLine: string | null
}

const INNER = 78
const WIDTHS = [31, 22, 23] as const

/** Writes what `cnmon` prints for these cards: title, two lines per card, process box. */
export function writeCnmonBox(
  cards: readonly SimulatedCnmonCard[],
  tool: SimulatedCnmonTool,
): string {
  const isOld = tool.box === '4.20'
  const title = ` CNMON v${tool.toolVersion}`
  const driver = isOld ? '' : `Driver v${tool.driverVersion} `
  const lines = [
    ...(tool.timeLine === null ? [] : [tool.timeLine]),
    wideBorder('-'),
    `|${title}${driver.padStart(INNER - title.length)}|`,
    border('-'),
    row([
      ' Card  VF  Name       Firmware',
      isOld ? 'Inited        Driver ' : 'Bus-Id ',
      ' Util        Ecc-Error',
    ]),
    row([' Fan   Temp      Pwr:Usage/Cap', 'Memory-Usage ', thirdHeader(tool.box)]),
    `|${WIDTHS.map((width) => '='.repeat(width)).join('+')}|`,
  ]
  for (const card of cards) lines.push(...cardLines(card, tool), border('-'))
  lines.push('', ...processBox(cards, isOld))
  return `${lines.join('\n')}\n`
}

function thirdHeader(box: SimulatedBox): string {
  if (box === '4.20') return '         vMemory-Usage '
  return box === '5.10-sriov' ? ' SR-IOV   Compute-Mode ' : ' Mode     Compute-Mode '
}

function cardLines(card: SimulatedCnmonCard, tool: SimulatedCnmonTool): readonly string[] {
  const isOld = tool.box === '4.20'
  const util = card.utilPercent === null ? 'N/A' : `${card.utilPercent}%`
  const ecc = card.eccErrors === null ? 'N/A' : String(card.eccErrors)
  const name = ` ${String(card.card).padEnd(5)} /   ${card.name}`
  const firmware = `v${card.firmware} `.padStart(WIDTHS[0] - name.length)
  const middle = isOld ? `On          v${tool.driverVersion} ` : `${card.bus} `
  const watts = card.powerWatts === null ? 'N/A' : `${card.powerWatts} W`
  const temperature = card.temperatureCelsius === null ? 'N/A' : `${card.temperatureCelsius}C`
  const power = `${watts}/ ${card.powerCapWatts} W`
  const memory = `${card.memoryUsedMib} MiB/ ${card.memoryTotalMib} MiB `
  const mode = tool.box === '5.10-sriov' ? 'N/A' : card.mode
  return [
    row([
      `${name}${firmware}`,
      middle,
      isOld
        ? ` ${util.padEnd(11)} ${ecc}`
        : ` ${util}${ecc.padStart(WIDTHS[2] - 2 - util.length)} `,
    ]),
    row([
      ` ${`${card.fanPercent}%`.padStart(3)}   ${temperature.padEnd(6)}${power.padStart(17)} `,
      memory,
      isOld
        ? ' 10240 MiB/1048576 MiB '
        : ` ${mode}${'Default'.padStart(WIDTHS[2] - 2 - mode.length)} `,
    ]),
  ]
}

function processBox(cards: readonly SimulatedCnmonCard[], isOld: boolean): readonly string[] {
  const wide = (text: string) => `|${text.padEnd(INNER)}|`
  const rows = cards.flatMap((card) =>
    card.processes.map(({ pid, command, mib }) =>
      wide(
        `  ${String(card.card).padEnd(5)} /   ${String(pid).padEnd(7)} ${command.padEnd(40)} ${mib} MiB`,
      ),
    ),
  )
  return [
    wideBorder('-'),
    wide(' Processes:'),
    wide(
      `  Card  ${isOld ? 'VF' : 'MI'}  PID     Command Line                             MLU Memory Usage`,
    ),
    `|${'='.repeat(INNER)}|`,
    ...(rows.length > 0 ? rows : [wide('  No running processes found')]),
    wideBorder('-'),
  ]
}

const wideBorder = (mark: string) => `+${mark.repeat(INNER)}+`
const border = (mark: string) => `+${WIDTHS.map((width) => mark.repeat(width)).join('+')}+`

/** Names to the left, middle to the right, as the tool aligns them. */
function row([first, middle, last]: readonly [string, string, string]): string {
  return `|${first.padEnd(WIDTHS[0])}|${middle.padStart(WIDTHS[1])}|${last.padEnd(WIDTHS[2])}|`
}
