import { METER_LEVELS } from '#schemas/facility.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { JournalBody } from '#schemas/journal.ts'
import { readFacility } from './facility-yaml.ts'
import { type ImportPlan, partsOf } from './plan.ts'
import type { ProblemReport } from './problems.ts'

/** What `plimsoll import facility` is given. */
export interface FacilityImport {
  /** Name in messages. */
  readonly file: string
  readonly text: string
  readonly format: string | undefined
  readonly timeZone: string
  readonly importId: string
}

/** What a site file would write. Throws E_IMPORT_INVALID with every mistake, and E_USAGE for another format. */
export function planFacility(given: FacilityImport): ImportPlan {
  const { file, text, format, timeZone, importId } = given
  if (format !== undefined && format !== 'yaml')
    throw new PlimsollError('E_USAGE', 'import facility reads --format yaml')
  const { book, uncovered, problems } = readFacility(text, { file, timeZone })
  wholeTree(file, problems)
  const body = (part: Partial<Extract<JournalBody, { kind: 'facility' }>>): JournalBody => ({
    kind: 'facility',
    import_id: importId,
    sites: [],
    meters: [],
    loops: [],
    ...part,
  })
  const { sites, meters, loops } = book
  const [site] = sites
  const names = (kept: readonly { readonly meter: string }[]) =>
    new Set(kept.map(({ meter }) => meter)).size
  const levels = METER_LEVELS.map(
    (level) => [level, names(meters.filter((row) => row.level === level))] as const,
  )
  const isCounted = (row: (typeof meters)[number]) =>
    row.role === 'it' && row.level === site?.it_level
  return {
    bodies: [
      ...(sites.length > 0 ? [body({ sites: [...sites] })] : []),
      ...partsOf(meters).map((part) => body({ meters: part })),
      ...partsOf(loops).map((part) => body({ loops: part })),
    ],
    summary: [
      ['site', site?.site ?? 'not named'],
      ['meters', names(meters)],
      ...levels
        .filter(([, count]) => count > 0)
        .map(([level, count]) => [`  ${level}`, count] as const),
      [`counted as IT (${site?.it_level ?? 'no level'})`, names(meters.filter(isCounted))],
      ['racks without an IT meter', uncovered.length],
      ['loops', loops.length],
    ],
    problems,
  }
}

/** Half a tree would count half of the watts: it is taken whole or not at all. */
function wholeTree(file: string, { refused, examples }: ProblemReport): void {
  if (refused === 0) return
  throw new PlimsollError(
    'E_IMPORT_INVALID',
    [
      `${file} is one tree and is taken whole or not at all; ${refused} mistakes:`,
      ...examples
        .slice(0, refused)
        .map(({ where, message }) => `  ${placeOf(file, where)}: ${message}`),
    ].join('\n'),
  )
}

/** `line 12` of a file as editors write it. */
const placeOf = (file: string, where: string) => `${file}:${where.replace(/^line /, '')}`
