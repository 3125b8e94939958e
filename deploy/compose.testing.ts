import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

/** docker-compose.yml as a test reads it: the parts we use, anything else refused. */

const Dependency = z.enum(['service_healthy', 'service_completed_successfully', 'service_started'])
const Service = z.strictObject({
  image: z.string().optional(),
  build: z.string().optional(),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  depends_on: z.record(z.string(), z.strictObject({ condition: Dependency })).default({}),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  profiles: z.array(z.string()).default([]),
  restart: z.enum(['unless-stopped', 'on-failure']).optional(),
  init: z.boolean().optional(),
  ulimits: z.unknown().optional(),
  healthcheck: z
    .strictObject({ test: z.array(z.string()), interval: z.string(), retries: z.int() })
    .optional(),
})
export type Service = z.infer<typeof Service>

const Compose = z.object({
  name: z.string(),
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.null()),
})
export type Compose = z.infer<typeof Compose>

export const root = join(import.meta.dirname, '..')

/** The file with its merge keys resolved and `${…}` as written. Throws when it has another shape. */
export async function readCompose(): Promise<Compose> {
  const text = await readFile(join(root, 'docker-compose.yml'), 'utf8')
  const document: unknown = parse(text, { merge: true })
  const { 'x-role': _, ...rest } = z.looseObject({ 'x-role': z.unknown() }).parse(document)
  return Compose.parse(rest)
}

/** `${NAME}`, `${NAME:?why}` and `${NAME:-default}`, as compose replaces them. */
export function interpolate(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$\{([A-Z_]+)(?::([?-])([^}]*))?\}/g,
    (_, name: string, kind: string | undefined, rest: string | undefined) => {
      const value = env[name] ?? ''
      if (value !== '') return value
      if (kind === '-') return rest ?? ''
      if (kind === '?') throw new Error(`required variable ${name} is missing: ${rest ?? ''}`)
      return ''
    },
  )
}

/** ENV lines of the Dockerfile's last stage. */
export async function imageEnvironment(): Promise<Record<string, string>> {
  const dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8')
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
  const pairs = [...last.matchAll(/^ENV (.*)$/gm)].flatMap(([, line = '']) => line.split(' '))
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
}
