import type { Form } from './capture.ts'
import { lostDevices, statedFailure } from './failures.ts'
import { EMITTED } from './map.ts'
import { parseHeader } from './parse-csv.ts'

/** What an output is, by its first lines. */
export type Shape =
  | Form
  | 'list'
  | 'table'
  | 'dmon'
  | 'pmon'
  | 'apps'
  | 'pages'
  | 'columns'
  | 'no_header'
  | 'error'
  | 'unknown'
  | 'empty'

export interface Recognition {
  readonly shape: Shape
  /** 0..1. Clones of the tool print the same shapes: only NVIDIA's own words make it sure. */
  readonly sureness: number
}

/** How much of an output decides, characters. */
const PROBE = 1 << 16
const PROBE_LINES = 64

const BRAND = /\b(?:NVIDIA|Tesla|GeForce|Quadro|TITAN|GRID|RTX)\b/
const GPU_UUID = /\b(?:GPU|MIG)-[0-9a-f]{8}-/i

/** What kind of nvidia-smi output a text is. */
export function recognizeText(text: string): Recognition {
  const head = text.slice(0, PROBE)
  if (head.trim() === '') return { shape: 'empty', sureness: 0 }
  if (head.includes('<nvidia_smi_log')) return { shape: 'xml', sureness: 0.99 }
  if (/^=+NVSMI LOG=+\s*$/m.test(head)) return { shape: 'q', sureness: 0.99 }
  const lines = head
    .split('\n', PROBE_LINES)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const isNvidia = BRAND.test(head)
  return (
    recognizeTable(head, lines) ??
    recognizeList(lines, isNvidia) ??
    recognizeCsv(lines, isNvidia || GPU_UUID.test(head)) ??
    recognizeFragment(lines) ??
    recognizeError(head) ?? { shape: 'unknown', sureness: 0 }
  )
}

function recognizeTable(head: string, lines: readonly string[]): Recognition | null {
  if (/^\| NVIDIA-SMI \d/m.test(head)) return { shape: 'table', sureness: 0.95 }
  const columns = lines.find((line) => /^# ?gpu\s/i.test(line))
  if (columns === undefined) return null
  if (/\spid\s/.test(columns)) return { shape: 'pmon', sureness: 0.5 }
  return /\s(?:pwr|gtemp|sm|mclk|rxpci|fb)\s/.test(`${columns} `)
    ? { shape: 'dmon', sureness: 0.5 }
    : null
}

function recognizeList(lines: readonly string[], isNvidia: boolean): Recognition | null {
  const isList = lines.some((line) => /^GPU \d{1,4}: .{1,200}\(UUID: (?:GPU|MIG)-/.test(line))
  return isList ? { shape: 'list', sureness: isNvidia ? 0.9 : 0.5 } : null
}

const APPS = new Set(['pid', 'process_name'])

/** Where the header of a CSV stands: below prompts (which name the columns too) and error texts. */
export function headerAt(lines: readonly string[]): number {
  const isData = (line: string) => !/ --|device handle|infoROM is/i.test(line)
  const known = lines
    .slice(0, PROBE_LINES)
    .findIndex((line) => isData(line) && knownColumns(line) >= 2)
  if (known !== -1) return known
  return lines.findIndex(
    (line) => line.trim() !== '' && isData(line) && statedFailure(line) === null,
  )
}

const knownColumns = (line: string) =>
  parseHeader(line).filter((column) => EMITTED.csv.has(column.name)).length

function recognizeCsv(lines: readonly string[], isNvidia: boolean): Recognition | null {
  const header = lines[headerAt(lines)]
  if (header === undefined) return null
  const names = parseHeader(header).map((column) => column.name)
  const sureness = isNvidia ? 0.95 : 0.5
  if (names.some((name) => APPS.has(name)) && names.some((name) => /^gpu_|memory|util/.test(name)))
    return { shape: 'apps', sureness }
  if (names.some((name) => name.startsWith('retired_pages.address')))
    return { shape: 'pages', sureness }
  const known = knownColumns(header)
  if (known >= 2 || (known === 1 && names.length === 1 && header.includes('.')))
    return { shape: 'csv', sureness: known >= 2 ? sureness : 0.4 }
  if (names.length >= 2 && names.every((name) => /^[a-z_]+(?:\.[a-z0-9_]+)+$/i.test(name)))
    return { shape: 'columns', sureness: 0.4 }
  return /(?:^|, )GPU-[0-9a-f]{8}-/i.test(header) ? { shape: 'no_header', sureness: 0.6 } : null
}

/** Part of a `-q`: blocks whose keys are those of the tool, at its indentation. */
function recognizeFragment(lines: readonly string[]): Recognition | null {
  const hasGpu = lines.some((line) => /^GPU [0-9a-f]{8}:[0-9a-f]{2}:[0-9a-f]{2}\.\d$/i.test(line))
  const keys = lines.filter((line) =>
    /^(?:GPU UUID|GPU Current Temp|Product Brand|Attached GPUs|VBIOS Version) *: /.test(line),
  )
  if (hasGpu && lines.length > 1) return { shape: 'q', sureness: keys.length > 0 ? 0.95 : 0.85 }
  return keys.length >= 2 ? { shape: 'q', sureness: 0.85 } : null
}

function recognizeError(head: string): Recognition | null {
  const text = joinBlanks(head)
  const failure = statedFailure(text)
  const isOurs = /nvidia|nvml|device handle|infoROM|valid field to query/i.test(text)
  if (lostDevices(text, 1).length > 0) return { shape: 'error', sureness: 0.9 }
  if (failure !== null) return { shape: 'error', sureness: isOurs ? 0.9 : 0.5 }
  return null
}

/** Blanks and line ends as one blank each: terminals wrap long error texts anywhere between words. */
export const joinBlanks = (text: string): string => text.replaceAll(/\s+/g, ' ')
