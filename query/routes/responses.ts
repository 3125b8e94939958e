import type { z } from 'zod'
import { ApiError } from '#schemas/api.ts'

/** The answer of a route, and the form of every refusal. */
export const answers = <Answer extends z.ZodType>(answer: Answer) => ({
  200: answer,
  '4xx': ApiError,
  '5xx': ApiError,
})
