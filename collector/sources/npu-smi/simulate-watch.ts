import type { SimulatedNpu } from './simulate.ts'

type Column = readonly [title: string, value: (device: SimulatedNpu) => string | number]

const COLUMN_CHARS = 12
const orNa = (value: number | null) => value ?? 'NA'

/** What a letter of `-s` prints; overall utilization and AI Cube only on new tools. */
const COLUMNS: Readonly<Record<string, Column>> = {
  p: ['Pwr(W)', (device) => device.powerWatts?.toFixed(1) ?? '-'],
  t: ['Temp(C)', (device) => orNa(device.temperatureCelsius)],
  a: ['AI Core(%)', (device) => orNa(device.aicorePercent)],
  i: ['AI Cpu(%)', () => 0],
  c: ['Ctrl Cpu(%)', () => 6],
  m: [
    'Memory(%)',
    (device) => Math.round((100 * device.memoryUsedMb) / Math.max(1, device.memoryTotalMb)),
  ],
  b: ['Memory BW(%)', (device) => orNa(device.hbmBandwidthPercent)],
  n: ['NPU Util(%)', (device) => orNa(device.npuUtilPercent)],
  u: ['AI Cube(%)', (device) => orNa(device.aicubePercent)],
}

const printed = (cells: readonly (string | number)[]) =>
  cells.map((cell) => String(cell).padEnd(COLUMN_CHARS)).join('')

/** The header that `npu-smi info watch` prints once. */
export function watchHeader(letters = 'ptaicmb'): string {
  const titles = letters.split('').flatMap((letter) => COLUMNS[letter]?.[0] ?? [])
  return printed(['NpuID(Idx)', 'ChipId(Idx)', ...titles])
}

/** One round of rows: a line per chip, blanks at the end as the tool leaves them. */
export function watchRows(devices: readonly SimulatedNpu[], letters = 'ptaicmb'): string[] {
  const columns = letters.split('').flatMap((letter) => {
    const column = COLUMNS[letter]
    return column === undefined ? [] : [column]
  })
  return devices.map((device) =>
    printed([device.npu, device.chip, ...columns.map(([, value]) => value(device))]),
  )
}
