import { z } from 'zod'
import { fits } from '#schemas/owner-match.ts'
import type { JobLabels } from './slurm/job.ts'
import { workloadClass } from './workload-class.ts'
import { readYaml } from './yaml-document.ts'

const patterns = z.record(z.string().min(1).max(256), z.string().min(1).max(64))

/** A site's own word on classes: field -> pattern (`*` and `?`) -> class. */
export const ClassMap = z.strictObject({
  comment: patterns.optional(),
  qos: patterns.optional(),
  partition: patterns.optional(),
  account: patterns.optional(),
  name: patterns.optional(),
})
export type ClassMap = z.infer<typeof ClassMap>

/** From what is nearest to the job to what is furthest. */
const FIELDS = ['comment', 'qos', 'name', 'partition', 'account'] as const

/** Reads a file of --class-from. Throws E_IMPORT_INVALID with file and line. */
export const readClassMap = (text: string, file: string): ClassMap =>
  readYaml(text, ClassMap, file).data

/**
 * How the class of a job is found: the site's own file, comment first, then QOS, name, partition and account, of
 * each the first pattern that fits; else what the comment and the name speak for; else unknown.
 */
export function classFinder(map: ClassMap): (job: JobLabels) => string {
  return (job) => {
    for (const field of FIELDS) {
      const entries = Object.entries(map[field] ?? {})
      const hit = entries.find(([pattern]) => fits(pattern, job[field].trim()))
      if (hit !== undefined) return hit[1]
    }
    return workloadClass({ label: job.comment, jobName: job.name }).class
  }
}
