import { z } from 'zod'
import { isTimeZone } from '../../formats/wall-time.ts'

export const DEFAULT_TOKEN_ENV = 'PLIMSOLL_METER_PUSH_TOKEN'

const EnvName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z_]\w*$/, 'must be the name of an environment variable')
const FilePath = z.string().min(1).max(4096)

/** `30s`, `15m`, `1h` -> ms. */
const Step = z.string().transform((text, context) => {
  const match = /^(\d{1,4})(s|m|h)$/.exec(text)
  const perUnit = { s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? 's'] ?? 1000
  const ms = Number(match?.[1] ?? 0) * perUnit
  if (ms >= 1000 && ms <= 3_600_000) return ms
  context.issues.push({ code: 'custom', message: 'must be a time from 1s to 1h', input: text })
  return z.NEVER
})

const Listen = z
  .string()
  .max(256)
  .transform((text, context) => {
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9A-Za-z.-]+)):(\d{1,5})$/.exec(text)
    const port = Number(match?.[3])
    const host = match?.[1] ?? match?.[2]
    if (host !== undefined && port < 65_536) return { host, port }
    const message = 'must be an address and a port, such as 127.0.0.1:9165'
    context.issues.push({ code: 'custom', message, input: text })
    return z.NEVER
  })

/** The section `meter-push` of the configuration; the token is named, never written here. */
export const MeterPushConfig = z
  .strictObject({
    listen: Listen.optional().describe('address and port to take pushes on'),
    token_env: EnvName.optional(),
    token_file: FilePath.optional(),
    cert: FilePath.optional().describe('PEM file; with `key`: listen with TLS'),
    key: FilePath.optional(),
    step: Step.prefault('60s').describe('what a reading speaks for that does not say'),
    time_zone: z
      .string()
      .max(64)
      .refine(isTimeZone, { error: 'must be a time zone such as Asia/Shanghai or UTC' })
      .optional()
      .describe('of times without an offset; without it such times are refused'),
    readings_per_minute: z.int().min(1).max(1_000_000).default(100_000),
  })
  .superRefine(({ token_env, token_file, cert, key }, context) => {
    const refuse = (at: string, message: string) =>
      context.addIssue({ code: 'custom', path: [at], message })
    if (token_env !== undefined && token_file !== undefined)
      refuse('token_file', 'stands in place of `token_env`, not beside it')
    if ((cert === undefined) !== (key === undefined)) refuse('cert', '`cert` and `key` go together')
  })
  .prefault({})
export type MeterPushConfig = z.infer<typeof MeterPushConfig>
