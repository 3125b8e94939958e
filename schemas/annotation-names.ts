/** Names and limits of notes, without the checker: the browser needs them and not zod. */

export const ANNOTATION_KINDS = ['rollout', 'maintenance', 'incident', 'note'] as const
export type AnnotationKind = (typeof ANNOTATION_KINDS)[number]

export const ANNOTATION_TITLE_MAX = 120
export const ANNOTATION_TEXT_MAX = 2_000
/** In force at a time; withdrawn ones are history and count no more. */
export const ANNOTATIONS_MAX = 10_000

export const ANNOTATION_SCOPES = [
  'cluster',
  'hall',
  'rack',
  'node',
  'device',
  'pool',
  'tenant',
  'job',
] as const
export type AnnotationScopeField = (typeof ANNOTATION_SCOPES)[number]
