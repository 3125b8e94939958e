import type { z } from 'zod'
import { ApiError } from '#schemas/api.ts'

/** The answer of a route, and the form of every refusal. */
export const answers = <Answer extends z.ZodType>(answer: Answer) => ({
  200: answer,
  '4xx': ApiError,
  '5xx': ApiError,
})

/**
 * Writes grouped answers as they were built. Their builders are typed by the schema of the answer, and tests hold what
 * is sent against it; going through thousands of groups once more would take longer than to ask for them.
 */
export const asBuilt = () => (answer: unknown) => JSON.stringify(answer)
