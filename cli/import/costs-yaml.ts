import { z } from 'zod'
import { type CostBook, CostLine } from '#schemas/report/issued.ts'
import { readTime } from './local-time.ts'
import { Problems, type ProblemReport } from './problems.ts'
import { readYaml } from './yaml-document.ts'

const at = z.string().min(1).max(64)

const CostsFile = z.strictObject({
  go_live: at.optional(),
  milestone: at.optional(),
  lines: z
    .array(CostLine.omit({ from_ms: true }).extend({ from: at }))
    .max(500)
    .default([]),
})

/**
 * Reads `costs.yaml` (docs/reports.md): when the site went live, and what it costs a month. Times without an offset are
 * local to `timeZone`. Throws E_IMPORT_INVALID with file and line.
 */
export function readCosts(
  text: string,
  { file, timeZone }: { readonly file: string; readonly timeZone: string },
): { readonly book: CostBook; readonly problems: ProblemReport } {
  const { data, where } = readYaml(text, CostsFile, file)
  const problems = new Problems()
  const momentOf = (place: string, moment: string | undefined): number | null => {
    if (moment === undefined) return null
    const read = readTime(moment, timeZone)
    if (!('wrong' in read)) return read.ms
    problems.refuse(place, `${JSON.stringify(moment)} ${read.wrong}`)
    return null
  }
  const seen = new Set<string>()
  const lines = data.lines.flatMap(({ from, ...line }, index) => {
    const place = where('lines', index)
    const from_ms = momentOf(place, from)
    if (from_ms === null) return []
    const key = `${line.kind} ${from_ms}`
    if (!seen.has(key)) {
      seen.add(key)
      return [{ ...line, from_ms }]
    }
    problems.refuse(place, `says ${line.kind} from the same moment on again; keep one`)
    return []
  })
  const go_live_ms = momentOf('go_live', data.go_live)
  const milestone_ms = momentOf('milestone', data.milestone)
  return { book: { go_live_ms, milestone_ms, lines }, problems: problems.report() }
}
