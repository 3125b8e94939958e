/**
 * Writes what `dcgmi` would print for simulated GPUs: dmon passes in every layout, and the boxes of `discovery`.
 * Widths and units are DCGM's own (field list of 4.6.0).
 */

/** How the table is set: right-aligned until 2.1, then left-aligned with a first column that grew. */
export type DmonLayout = '1.4' | '2.0' | '3.x' | '4.4' | '4.5'

export interface SimulatedColumn {
  readonly header: string
  /** Declared width; the table adds blanks to it. */
  readonly width: number
  readonly unit: string
  readonly isDouble: boolean
}

const column = (header: string, width: number, unit = '', isDouble = false): SimulatedColumn => ({
  header,
  width,
  unit,
  isDouble,
})

/** Columns that the simulator can print, by field id. */
export const SIMULATED_COLUMNS: ReadonlyMap<number, SimulatedColumn> = new Map([
  [1001, column('GRACT', 5, '', true)],
  [1002, column('SMACT', 5, '', true)],
  [1003, column('SMOCC', 5, '', true)],
  [1004, column('TENSO', 5, '', true)],
  [1005, column('DRAMA', 5, '', true)],
  [1009, column('PCITX', 20)],
  [1010, column('PCIRX', 20)],
  [1011, column('NVLTX', 20)],
  [1012, column('NVLRX', 20)],
  [203, column('GPUTL', 10)],
  [155, column('POWER', 10, 'W', true)],
  [164, column('EPLMT', 10, 'W', true)],
  [156, column('TOTEC', 16, 'mJ')],
  [150, column('TMPTR', 5, 'C')],
  [140, column('MMTMP', 10, 'C')],
  [153, column('GTLIMIT', 5, 'C')],
  [100, column('SMCLK', 5)],
  [113, column('SMMAX', 5)],
  [101, column('MMCLK', 5)],
  [112, column('DVCCTR', 20)],
  [240, column('PVIOL', 10)],
  [241, column('TVIOL', 10)],
  [250, column('FBTTL', 10)],
  [251, column('FBFRE', 10)],
  [252, column('FBUSD', 10)],
  [253, column('FBRSV', 10)],
  [202, column('RPCTR', 5)],
  [190, column('PSTAT', 5)],
  [230, column('XIDER', 5)],
  [310, column('ESVTL', 5)],
  [311, column('EDVTL', 5)],
  [393, column('URMPS', 10)],
  [394, column('CRMPS', 10)],
  [395, column('RRF', 20)],
  [396, column('RRP', 20)],
  [1420, column('CLKPCNS', 20)],
  [1422, column('CLKSWTHNS', 20)],
  [1423, column('CLKHWTHNS', 20)],
  [1424, column('CLKEPBSNS', 20)],
  [54, column('UUID#', 40)],
  [237, column('PCILG', 5)],
  [238, column('PCILW', 5)],
  [392, column('RPPEN', 10)],
  [1532, column('NVLPTX', 20)],
  [1533, column('NVLPRX', 20)],
])

/** What stands in a row's first column: `GPU 0`, `GPU-I 21`, `GPU 0 LINK 3`. */
export interface SimulatedRow {
  readonly entity: string
  /** By field id; null prints `N/A`, a missing one leaves the cell blank, a text prints as it is. */
  readonly values: ReadonlyMap<number, number | string | null>
}

const ENTITY_WIDTH: Readonly<Record<DmonLayout, number>> = {
  '1.4': 8,
  '2.0': 8,
  '3.x': 10,
  '4.4': 11,
  '4.5': 16,
}
const isRight = (layout: DmonLayout) => layout === '1.4' || layout === '2.0'
/** Blanks around the declared width. */
const cellWidth = (layout: DmonLayout, { width }: SimulatedColumn) =>
  isRight(layout) ? width + 2 : width + 8

/** Both header lines. */
export function writeDmonHeader(layout: DmonLayout, fields: readonly number[]): string {
  const columns = columnsOf(fields)
  const width = ENTITY_WIDTH[layout]
  const pad = (text: string, each: SimulatedColumn) =>
    isRight(layout) ? text.padStart(cellWidth(layout, each)) : text.padEnd(cellWidth(layout, each))
  const [entity, id] = isRight(layout)
    ? [`#${'Entity'.padStart(width - 1)}`, 'Id'.padStart(width)]
    : ['#Entity'.padEnd(width), 'ID'.padEnd(width)]
  const names = columns.map((each) => pad(each.header, each)).join('')
  const units = columns.map((each) => pad(each.unit, each)).join('')
  return `${entity}${names}\n${id}${units}\n`
}

/** One row. Values too long for their column push the others (1.4, 2.0) or are cut (later). */
export function writeDmonRow(
  layout: DmonLayout,
  fields: readonly number[],
  { entity, values }: SimulatedRow,
): string {
  const [kind = '', ...rest] = entity.split(' ')
  const width = ENTITY_WIDTH[layout]
  const first =
    layout === '1.4'
      ? rest.join(' ').padStart(width)
      : isRight(layout)
        ? [kind.padStart(width), ...rest].join(' ')
        : entity.padEnd(width)
  const cells = columnsOf(fields).map((each, at) => {
    const text = printed(values.get(fields[at] ?? -1), each)
    const room = cellWidth(layout, each)
    if (layout === '1.4') return text.padStart(room)
    if (layout === '2.0') return text.length >= room ? ` ${text}` : text.padStart(room)
    const inner = room - 2
    return (text.length > inner ? `${text.slice(0, inner - 3)}...` : text).padEnd(room)
  })
  return `${first}${cells.join('')}\n`
}

function printed(value: number | string | null | undefined, { isDouble }: SimulatedColumn): string {
  if (value === undefined) return ''
  if (value === null) return 'N/A'
  if (typeof value === 'string') return value
  return isDouble ? value.toFixed(3) : String(value)
}

function columnsOf(fields: readonly number[]): SimulatedColumn[] {
  return fields.map((id) => SIMULATED_COLUMNS.get(id) ?? column(`F${id}`, 10))
}

/** A GPU for `discovery -l`; null prints what DCGM prints where it has nothing. */
export interface SimulatedGpu {
  readonly id: number
  readonly name: string | null
  readonly bus: string
  readonly uuid: string
}

const GPU_BORDER = `+--------+${'-'.repeat(70)}+`

/** The answer of `dcgmi discovery -l`. */
export function writeDiscoveryList(gpus: readonly SimulatedGpu[]): string {
  const row = (first: string, text: string) => `| ${first.padEnd(7)}| ${text.padEnd(69)}|`
  const lines = [
    `${gpus.length} GPU${gpus.length === 1 ? '' : 's'} found.`,
    GPU_BORDER,
    row('GPU ID', 'Device Information'),
    GPU_BORDER,
    ...gpus.flatMap((gpu) => [
      row(String(gpu.id), `Name: ${gpu.name ?? '<<<NULL>>>'}`),
      row('', `PCI Bus ID: ${gpu.bus}`),
      row('', `Device UUID: ${gpu.uuid}`),
      GPU_BORDER,
    ]),
    '0 NvSwitches found.',
    '+-----------+',
    '| Switch ID |',
    '+-----------+',
    '+-----------+',
  ]
  return `${lines.join('\n')}\n`
}

export interface SimulatedInstance {
  readonly gpu: SimulatedGpu
  /** GPU instance id. */
  readonly gpuInstance: number
  /** DCGM's entity id. */
  readonly entityId: number
}

/** The answer of `dcgmi discovery -c`: every instance with one compute instance. */
export function writeHierarchy(instances: readonly SimulatedInstance[]): string {
  const border = `+${'-'.repeat(19)}+${'-'.repeat(68)}+`
  const row = (first: string, text: string) => `| ${first.padEnd(18)}| ${text.padEnd(67)}|`
  const gpus = new Map(instances.map(({ gpu }) => [gpu.id, gpu]))
  const lines = [border, `| ${'Instance Hierarchy'.padEnd(87)}|`, border]
  for (const gpu of gpus.values()) {
    lines.push(row(`GPU ${gpu.id}`, `GPU ${gpu.uuid} (EntityID: ${gpu.id})`))
    for (const { gpuInstance, entityId } of instances.filter((each) => each.gpu === gpu)) {
      lines.push(
        row(`-> I ${gpu.id}/${gpuInstance}`, `GPU Instance (EntityID: ${entityId})`),
        row(`-> CI ${gpu.id}/${gpuInstance}/0`, `Compute Instance (EntityID: ${entityId})`),
      )
    }
    lines.push(border)
  }
  return `${lines.join('\n')}\n`
}

/** Eight boards as an H100 node lists them. */
export function simulatedNode(count = 8): SimulatedGpu[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    name: 'NVIDIA H100 80GB HBM3',
    bus: `00000000:${(0x1b + 0x11 * id).toString(16).toUpperCase().padStart(2, '0')}:00.0`,
    uuid: `GPU-5ac1e000-0000-4000-8000-${String(1e11 + id).padStart(12, '0')}`,
  }))
}

/** Values of one GPU under training load at a tick; `busy` 0..1. */
export function simulatedValues(
  fields: readonly number[],
  busy: number,
  tick: number,
): Map<number, number | null> {
  const watts = 70 + 610 * busy
  const all = new Map<number, number | null>([
    [1001, busy],
    [1002, busy * 0.82],
    [1003, busy * 0.31],
    [1004, busy * 0.44],
    [1005, busy * 0.38],
    [1009, Math.round(2.1e8 * busy)],
    [1010, Math.round(3.4e8 * busy)],
    [1011, Math.round(4.4e10 * busy)],
    [1012, Math.round(4.3e10 * busy)],
    [203, Math.round(busy * 100)],
    [155, watts],
    [164, 700],
    [156, 987_654_321_000 + Math.round(watts * tick * 1000)],
    [150, Math.round(31 + 34 * busy)],
    [140, Math.round(38 + 40 * busy)],
    [153, Math.round(54 - 34 * busy)],
    [100, busy > 0.05 ? 1980 : 345],
    [113, 1980],
    [101, 2619],
    [112, busy > 0.95 ? 4 : 0],
    [240, 5_000_000 * tick],
    [241, 0],
    [250, 81_559],
    [251, Math.round(81_079 - 71_000 * busy)],
    [252, Math.round(71_000 * busy)],
    [253, 480],
    [202, 0],
    [190, 0],
    [230, 0],
    [310, 0],
    [311, 0],
    [393, 0],
    [394, 0],
    [395, 0],
    [396, 0],
    [1420, 5_000_000 * tick],
    [1422, 0],
    [1423, 0],
    [1424, 0],
  ])
  return new Map(fields.map((id) => [id, all.get(id) ?? null]))
}
