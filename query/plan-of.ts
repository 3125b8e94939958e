import {
  type Plan,
  planQuestion,
  type PublishedBuckets,
  type PublishedMinutes,
  type Question,
  wantsBuckets,
} from './resolution.ts'

const NO_BUCKETS: PublishedBuckets = {
  hours: new Set(),
  days: new Set(),
  nodeHours: new Set(),
  nodeDays: new Set(),
}

/** What a plan is made from besides the question. */
export interface PlanDeps {
  readonly buckets: () => Promise<PublishedBuckets>
  readonly timeZone: string
}

/** The plan of a question; hours and days are asked for only where they could answer. */
export async function planOf(
  deps: PlanDeps,
  question: Question,
  published: PublishedMinutes,
): Promise<Plan> {
  const buckets = wantsBuckets(question) ? await deps.buckets() : NO_BUCKETS
  return planQuestion(question, { ...published, ...buckets }, deps.timeZone)
}
