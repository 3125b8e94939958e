import { z } from 'zod'

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
])

/** `500ms`, `10s`, `5m` in ms, or null. */
function durationMs(text: string): number | null {
  const [, count, unit] = /^(\d{1,7})\s*(ms|s|m|h)$/.exec(text.trim()) ?? []
  const factor = UNIT_MS.get(unit ?? '')
  return count === undefined || factor === undefined ? null : Number(count) * factor
}

const Duration = (minMs: number, maxMs: number, example: string) =>
  z.string().transform((text, context): number => {
    const ms = durationMs(text)
    if (ms !== null && ms >= minMs && ms <= maxMs) return ms
    context.issues.push({
      code: 'custom',
      message: `must be a time such as ${example}, ${minMs / 1000} s to ${maxMs / 1000} s`,
      input: text,
    })
    return z.NEVER
  })

const path = z.string().min(1).max(4096)
const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must be the name of an environment variable')

/** Kinds of equipment that are looked for below the service root. */
export const KINDS = ['power', 'cooling', 'chassis'] as const

const Tls = z.strictObject({
  ca: path
    .optional()
    .describe('PEM file of the authority that signed the certificates of the devices'),
  fingerprints: z
    .record(
      z.string().max(253),
      z.string().regex(/^([0-9A-Fa-f]{2}:?){32}$/, 'must be a SHA-256 fingerprint, AB:CD:…'),
    )
    .optional()
    .describe('host -> SHA-256 of its certificate; * = every other host'),
})

const Events = z.strictObject({
  listen: z
    .string()
    .regex(
      /^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9_.-]+):\d{1,5}$/,
      'must be host:port, such as 0.0.0.0:9443',
    ),
  public_url: z
    .url({ protocol: /^https?$/, error: 'must be the URL under which devices reach us' })
    .max(512),
  cert: path
    .optional()
    .describe('PEM file; with `key`: listen with TLS, which most devices demand'),
  key: path.optional(),
})

/** The options of the source; secrets are named, never written here. */
export const RedfishConfig = z
  .strictObject({
    user: z.string().min(1).max(256).optional(),
    password_env: variable.optional(),
    password_file: path.optional(),
    token_env: variable.optional().describe('a token that is sent as it is, in place of a login'),
    tls: Tls.optional(),
    kinds: z
      .array(z.enum(KINDS))
      .min(1)
      .default([...KINDS]),
    full_every: Duration(1000, 3_600_000, '30s').prefault('30s'),
    request_timeout: Duration(500, 120_000, '10s').prefault('10s'),
    events: Events.optional(),
  })
  .superRefine((given, context) => {
    const refuse = (at: string, message: string) =>
      context.addIssue({ code: 'custom', path: [at], message })
    const { user, password_env, password_file, token_env, events } = given
    const secrets = [password_env, password_file].filter((one) => one !== undefined)
    if (user !== undefined && secrets.length !== 1)
      refuse('user', 'needs either `password_env` or `password_file`')
    if (user === undefined && secrets.length > 0) refuse('user', 'is missing beside a password')
    if (user !== undefined && token_env !== undefined)
      refuse('token_env', 'replaces `user` and password: name one of them')
    if ((events?.cert === undefined) !== (events?.key === undefined))
      refuse('events', 'needs both `cert` and `key`, or neither')
  })
  .prefault({})
export type RedfishConfig = z.infer<typeof RedfishConfig>
