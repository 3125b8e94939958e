import { z } from 'zod'
import {
  type FacilityBook,
  LoopRow,
  METER_LEVELS,
  METER_ROLES,
  MeterRow,
  SiteRow,
} from '#schemas/facility.ts'
import { checkFacility, type PlacedRow } from './facility-check.ts'
import { expandPattern, fillPattern, PatternError } from './facility-ranges.ts'
import { readTime } from './local-time.ts'
import { Problems, type ProblemReport } from './problems.ts'
import { readYaml } from './yaml-document.ts'

const at = z.string().min(1).max(64)
const text = z.string().max(256)
const pattern = z.string().min(1).max(256)
const JOULES_PER_KWH = 3.6e6
/** Rows of one file: every outlet of a large site. */
const ROWS_MAX = 200_000

/** What may be said of a meter, and once for a list of them. */
const MeterFields = z.strictObject({
  name: text.optional(),
  parent: text.optional(),
  role: z.enum(METER_ROLES).optional(),
  level: z.enum(METER_LEVELS).optional(),
  feed: text.optional(),
  hall: text.optional(),
  rack: text.optional(),
  loop: text.optional(),
  category: z.union([z.literal(1), z.literal(2), z.literal(3)]).optional(),
  energy: MeterRow.shape.energy.unwrap().optional(),
  max_kw: z.number().gt(0).max(1e6).optional(),
  quantum_kwh: z.number().min(0).max(1e6).optional(),
  rollover_kwh: z.number().gt(0).optional(),
  from: at.optional(),
  to: at.optional(),
})
type MeterFields = z.infer<typeof MeterFields>

const SiteFile = z.strictObject({
  /** Since when what follows is so, where it says nothing else. */
  from: at.optional(),
  site: z
    .strictObject({
      name: SiteRow.shape.site,
      it_level: SiteRow.shape.it_level,
      contracted_mw: z.number().gt(0).max(10_000).optional(),
      design_pue: SiteRow.shape.design_pue.unwrap().optional(),
      grid_kg_co2e_per_kwh: z.number().min(0).max(3).optional(),
      grid_factor_source: text.optional(),
      weather: text.optional(),
      from: at.optional(),
    })
    .optional(),
  meters: z
    .array(
      z.strictObject({
        defaults: MeterFields.default({}),
        list: z.array(MeterFields.extend({ meter: pattern })).max(20_000),
      }),
    )
    .max(1_000)
    .default([]),
  loops: z
    .array(
      LoopRow.omit({ from_ms: true, to_ms: true, units: true, racks: true }).extend({
        units: z.array(pattern).max(64),
        racks: z.array(pattern).max(512).default([]),
        from: at.optional(),
        to: at.optional(),
      }),
    )
    .max(1_000)
    .default([]),
})
type SiteFile = z.infer<typeof SiteFile>

/** What a site file says. */
export interface FacilityFile {
  readonly book: FacilityBook
  /** Racks whose IT power no counted meter carries. */
  readonly uncovered: readonly string[]
  readonly problems: ProblemReport
}

/**
 * Reads `site.yaml` (docs/facility.md): site, meters by lists and patterns, loops. The tree is checked as it stands at
 * each date; mistakes come with their line, and what is only incomplete is noted. Times without an offset are local to
 * `timeZone`. Throws E_IMPORT_INVALID with file and line for what is no such file at all.
 */
export function readFacility(
  content: string,
  { file, timeZone }: { readonly file: string; readonly timeZone: string },
): FacilityFile {
  const { data, where } = readYaml(content, SiteFile, file)
  const problems = new Problems()
  const times = createTimes(timeZone, problems)
  const fileMs = data.from === undefined ? null : times.at(where('from'), data.from)
  const sites = siteRows(data, fileMs, { times, where: where('site') })
  const meters = data.meters.flatMap(({ defaults, list }, group) =>
    list.flatMap((entry, index) => {
      const line = where('meters', group, 'list', index)
      const given = { ...defaults, ...entry }
      return expandMeter(given, line, problems).flatMap((fields) => {
        const span = times.span(line, given, fileMs)
        return span === null ? [] : meterRow(fields, span, { line, problems })
      })
    }),
  )
  const loops = data.loops.flatMap((entry, index) =>
    loopRows(entry, { line: where('loops', index), times, fileMs, problems }),
  )
  const placed = withParents(meters)
  const checked = checkFacility({ sites, meters: placed, loops }, problems)
  return {
    book: {
      sites: sites.map(({ row }) => row),
      meters: placed.map(({ row }) => row),
      loops: loops.map(({ row }) => row),
    },
    uncovered: checked.uncovered,
    problems: problems.report(),
  }
}

type Expanded = MeterFields & { readonly meter: string }

function expandMeter(entry: Expanded, line: string, problems: Problems): Expanded[] {
  const { hall = '', rack = '', feed = '', loop = '' } = entry
  try {
    return expandPattern(entry.meter, { hall, rack, feed, loop }).map(({ text: meter, values }) => {
      const fill = (value: string | undefined, own: string) =>
        value === undefined ? (values[own] ?? '') : fillPattern(value, values)
      return {
        ...entry,
        meter,
        name: fill(entry.name, ''),
        parent: fill(entry.parent, ''),
        hall: fill(entry.hall, 'hall'),
        rack: fill(entry.rack, 'rack'),
        feed: fill(entry.feed, 'feed'),
        loop: fill(entry.loop, 'loop'),
      }
    })
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    problems.refuse(line, error.message)
    return []
  }
}

interface DatedSpan {
  readonly from_ms: number
  readonly to_ms: number | null
}

function meterRow(
  fields: Expanded,
  span: DatedSpan,
  { line, problems }: { readonly line: string; readonly problems: Problems },
): PlacedRow<MeterRow>[] {
  const { max_kw, quantum_kwh, rollover_kwh, from: _, to: __, ...rest } = fields
  const read = MeterRow.safeParse({
    ...rest,
    ...span,
    max_watts: max_kw === undefined ? null : max_kw * 1000,
    quantum_joules: (quantum_kwh ?? 0) * JOULES_PER_KWH,
    rollover_joules: rollover_kwh === undefined ? null : rollover_kwh * JOULES_PER_KWH,
  })
  if (read.success) return [{ row: read.data, line }]
  for (const { path, message } of read.error.issues)
    problems.refuse(line, `${fields.meter}: ${path.join('.')}: ${message}`)
  return []
}

function siteRows(
  { site }: SiteFile,
  fileMs: number | null,
  { times, where }: { readonly times: Times; readonly where: string },
): PlacedRow<SiteRow>[] {
  if (site === undefined) return []
  const span = times.span(where, site, fileMs)
  if (span === null) return []
  const { name, contracted_mw, from: _, ...rest } = site
  const contracted_watts = contracted_mw === undefined ? null : contracted_mw * 1e6
  const row = SiteRow.parse({ ...rest, site: name, contracted_watts, from_ms: span.from_ms })
  return [{ row, line: where }]
}

interface LoopContext {
  readonly line: string
  readonly times: Times
  readonly fileMs: number | null
  readonly problems: Problems
}

function loopRows(entry: SiteFile['loops'][number], context: LoopContext): PlacedRow<LoopRow>[] {
  const { line, times, fileMs, problems } = context
  const span = times.span(line, entry, fileMs)
  if (span === null) return []
  const { units, racks, from: _, to: __, ...rest } = entry
  try {
    const names = (patterns: readonly string[]) =>
      patterns.flatMap((one) => expandPattern(one, { hall: entry.hall }).map((each) => each.text))
    const read = LoopRow.safeParse({ ...rest, ...span, units: names(units), racks: names(racks) })
    if (read.success) return [{ row: read.data, line }]
    for (const { path, message } of read.error.issues)
      problems.refuse(line, `loop ${entry.loop}: ${path.join('.')}: ${message}`)
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    problems.refuse(line, error.message)
  }
  return []
}

/** A point without a parent hangs on the thing it is a part of: `pdu-1/outlet/3` on `pdu-1`. */
function withParents(meters: readonly PlacedRow<MeterRow>[]): readonly PlacedRow<MeterRow>[] {
  const names = new Set(meters.map(({ row }) => row.meter))
  return meters.slice(0, ROWS_MAX + 1).map(({ row, line }) => {
    if (row.parent !== '') return { row, line }
    let parent = row.meter
    do parent = parent.slice(0, Math.max(0, parent.lastIndexOf('/')))
    while (parent !== '' && !names.has(parent))
    return { row: { ...row, parent }, line }
  })
}

type Times = ReturnType<typeof createTimes>

function createTimes(timeZone: string, problems: Problems) {
  const atOf = (line: string, value: string): number | null => {
    const read = readTime(value, timeZone)
    if ('ms' in read) return read.ms
    problems.refuse(line, `${JSON.stringify(value)} ${read.wrong}`)
    return null
  }
  return {
    at: atOf,
    span(
      line: string,
      given: { readonly from?: string | undefined; readonly to?: string | undefined },
      fileMs: number | null,
    ): DatedSpan | null {
      const from_ms = given.from === undefined ? fileMs : atOf(line, given.from)
      const to_ms = given.to === undefined ? null : atOf(line, given.to)
      if (given.from === undefined && fileMs === null)
        problems.refuse(line, 'since when is it so? give from, here or once at the top of the file')
      else if (from_ms !== null && to_ms !== null && to_ms <= from_ms)
        problems.refuse(line, 'ends before it begins; correct from or to')
      else if (from_ms !== null) return { from_ms, to_ms }
      return null
    },
  }
}
