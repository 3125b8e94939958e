import { z } from 'zod'
import { ANNOTATION_KINDS, ANNOTATION_TEXT_MAX, ANNOTATION_TITLE_MAX } from './annotation-names.ts'

/**
 * What people write on the time axis: a driver roll-out, a maintenance, an incident, a note. Every chart of the time
 * and place it is about shows it. Times are epoch ms, intervals half-open [from, to).
 */

const epochMs = z.int().min(0).max(8.64e15)
/** A line break is text; other control characters, and signs that turn the reading direction, would move what stands around it. */
const plain = /^(?:\n|[^\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069])*$/u
const place = z.string().min(1).max(128)

/** What it is about; a field that is absent says nothing, `{}` is the whole fleet. */
export const AnnotationScope = z.strictObject({
  cluster: place.optional(),
  hall: place.optional(),
  rack: place.optional(),
  node: place.optional(),
  /** Id of a device. */
  device: z
    .string()
    .regex(/^\d{1,20}$/)
    .optional(),
  pool: place.optional(),
  tenant: place.optional(),
  job: place.optional(),
})
export type AnnotationScope = z.infer<typeof AnnotationScope>

export const AnnotationId = z.string().regex(/^[0-9a-f]{16}$/)

export const Annotation = z.strictObject({
  id: AnnotationId,
  kind: z.enum(ANNOTATION_KINDS),
  title: z
    .string()
    .min(1)
    .max(ANNOTATION_TITLE_MAX)
    .regex(plain, 'one line of text')
    .refine((title) => !title.includes('\n'), 'one line of text'),
  /** Text as it is, never markup. */
  text: z.string().max(ANNOTATION_TEXT_MAX).regex(plain, 'text without control characters'),
  scope: AnnotationScope,
  from_ms: epochMs,
  /** Null = one moment. */
  to_ms: epochMs.nullable(),
  /** Who wrote it, and when. */
  by: z.string().max(256),
  at_ms: epochMs,
})
export type Annotation = z.infer<typeof Annotation>

/** POST /api/v1/annotations */
export const AnnotationRequest = z.strictObject({
  kind: Annotation.shape.kind.default('note'),
  title: Annotation.shape.title,
  text: Annotation.shape.text.default(''),
  scope: AnnotationScope.default({}),
  /** Absent = now. */
  from_ms: epochMs.optional(),
  to_ms: epochMs.nullable().default(null),
})
export type AnnotationRequest = z.infer<typeof AnnotationRequest>

/** GET /api/v1/annotations: those that touch the window and the asked scope, oldest first. */
export const AnnotationsAnswer = z.strictObject({
  from: z.string(),
  to: z.string(),
  annotations: z.array(Annotation),
  /** Older ones that are not in the list. */
  more: z.int(),
  simulated: z.boolean(),
})
export type AnnotationsAnswer = z.infer<typeof AnnotationsAnswer>

/** Whether it touches [from, to), epoch ms. */
export const touchesWindow = (
  { from_ms, to_ms }: Pick<Annotation, 'from_ms' | 'to_ms'>,
  window: { readonly fromMs: number; readonly toMs: number },
): boolean => from_ms < window.toMs && (to_ms ?? from_ms + 1) > window.fromMs
