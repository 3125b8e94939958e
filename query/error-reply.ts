import type { FastifyInstance } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { ERRORS, errorDocs, type ErrorCode, PlimsollError } from '#schemas/errors.ts'
import type { Logger } from '#schemas/role.ts'

/** Fastify's own refusals of a request, by the code it gives them. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'E_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'E_BAD_REQUEST',
}

export const errorBody = (code: ErrorCode, message: string) => ({
  error: { code, message, docs: errorDocs(code) },
})

/** Every refusal and defect leaves in one form; what a defect was is for the log, not for the caller. */
export function answerErrors(
  app: FastifyInstance,
  log: Logger,
  counted: (code: ErrorCode) => void,
): void {
  app.setErrorHandler((error, request, reply) => {
    const { code, message } = understand(error)
    counted(code)
    if (code === 'E_INTERNAL') {
      const { message: text, stack, cause } = asError(error)
      log.error('request failed', {
        method: request.method,
        route: request.routeOptions.url ?? '',
        error: text,
        cause: cause instanceof Error ? cause.message.slice(0, 500) : null,
        stack: stack ?? '',
      })
    }
    // A refused login must not leave the browser with its own password box.
    return reply.code(ERRORS[code].status).type('application/json').send(errorBody(code, message))
  })
}

function understand(error: unknown): { code: ErrorCode; message: string } {
  if (error instanceof PlimsollError) {
    return { code: error.code, message: error.message }
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const issues = error.validation.map(
      ({ instancePath, message }) =>
        `${instancePath.replaceAll('/', ' ').trim()}: ${message ?? ''}`,
    )
    return { code: 'E_BAD_REQUEST', message: issues.slice(0, 5).join('; ') }
  }
  const { message } = asError(error)
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    const known = 'code' in error && typeof error.code === 'string' ? error.code : ''
    if (error.statusCode >= 400 && error.statusCode < 500) {
      return { code: FASTIFY_CODES[known] ?? 'E_BAD_REQUEST', message }
    }
  }
  return { code: 'E_INTERNAL', message: 'this is a defect in Plimsoll; its log says more' }
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error))
