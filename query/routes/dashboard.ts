import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { ERRORS } from '#schemas/errors.ts'
import { errorBody } from '../error-reply.ts'

/** Serves the built dashboard; a path that is no file and no API is a page of it. */
export async function serveDashboard(app: FastifyInstance, directory: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: directory,
    index: false,
    cacheControl: false,
    // The build has them (scripts/compress-assets.ts). Each has its own ETag and length, and says that it varies.
    preCompressed: true,
    setHeaders(reply, path) {
      // Vite names these files by their content.
      const isHashed = path.includes('/_app/immutable/')
      reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.sendFile('index.html'))
}

/** Answers what nothing else does: pages of the dashboard with index.html, the rest with E_NOT_FOUND. */
export function answerNotFound(app: FastifyInstance, hasDashboard: boolean): void {
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? ''
    const isPage =
      hasDashboard &&
      (request.method === 'GET' || request.method === 'HEAD') &&
      !path.startsWith('/api/') &&
      // Missing scripts and images must fail loudly, not come back as a page.
      !/\.[a-z0-9]{1,8}$/i.test(path)
    if (isPage) return reply.code(200).sendFile('index.html')
    return reply
      .code(ERRORS.E_NOT_FOUND.status)
      .send(errorBody('E_NOT_FOUND', `there is nothing at ${path.slice(0, 200)}`))
  })
}

const INLINE_SCRIPT = /<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g

/** CSP sources for the inline scripts of a page: SvelteKit starts itself by one. */
export function inlineScriptHashes(html: string): string[] {
  return [...html.matchAll(INLINE_SCRIPT)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  )
}

/** Content-Security-Policy of everything that is served. */
export function contentSecurityPolicy(directory: string | null): string {
  const html = directory === null ? '' : readFileSync(join(directory, 'index.html'), 'utf8')
  return [
    "default-src 'self'",
    ["script-src 'self'", ...inlineScriptHashes(html)].join(' '),
    // Style attributes only (SvelteKit's display: contents); no style elements from anywhere else.
    "style-src 'self'",
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}
