import { z } from 'zod'
import { BUILT_IN } from './built-in.ts'
import { type Plan, planOf, Profile } from './profile.ts'

export const DEFAULT_COMMUNITY_ENV = 'PLIMSOLL_SNMP_COMMUNITY'
const TRAP_PORT = 9162

const EnvName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z_]\w*$/, 'must be the name of an environment variable')
const FilePath = z.string().min(1).max(4096)

/** Where a secret stands: the configuration holds its place, never the secret. */
const Secret = { key_env: EnvName.optional(), key_file: FilePath.optional() }
const hasOnePlace = {
  error: 'needs one of `key_env` and `key_file`',
} as const
const isOnePlace = (value: { key_env?: string | undefined; key_file?: string | undefined }) =>
  (value.key_env === undefined) !== (value.key_file === undefined)

const User = z
  .strictObject({
    name: z.string().min(1).max(64),
    context: z.string().max(64).optional(),
    auth: z
      .strictObject({ protocol: z.enum(['sha', 'sha256', 'sha512']).default('sha256'), ...Secret })
      .refine(isOnePlace, hasOnePlace)
      .optional(),
    priv: z
      .strictObject({ protocol: z.enum(['aes', 'aes256']).default('aes'), ...Secret })
      .refine(isOnePlace, hasOnePlace)
      .optional(),
  })
  .refine(({ auth, priv }) => priv === undefined || auth !== undefined, {
    error: '`priv` needs `auth`: SNMP has no encryption without it',
  })
export type UserOptions = z.infer<typeof User>

const Version = z.preprocess(
  (value) => (typeof value === 'number' ? String(value) : value),
  z.enum(['1', '2c', '3']),
)

/** How to be let in, and what to read. */
const access = {
  version: Version.optional(),
  community_env: EnvName.optional(),
  community_file: FilePath.optional(),
  user: User.optional(),
  profile: z.string().max(64).optional().describe('auto, or the name of a profile'),
}
const Rule = z.strictObject({
  targets: z
    .array(z.string().min(1).max(256))
    .min(1)
    .max(1000)
    .describe('names of meters or hosts; * stands for anything'),
  ...access,
})

/** `30s`, `5m` -> ms. */
const FullEvery = z.string().transform((text, context) => {
  const match = /^(\d{1,4})(s|m)$/.exec(text)
  const ms = match === null ? 0 : Number(match[1]) * (match[2] === 'm' ? 60_000 : 1000)
  if (ms >= 1000 && ms <= 3_600_000) return ms
  context.issues.push({ code: 'custom', message: 'must be a time from 1s to 60m', input: text })
  return z.NEVER
})

const Listen = z
  .string()
  .max(256)
  .transform((text, context) => {
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9A-Za-z.-]+)):(\d{1,5})$/.exec(text)
    const port = Number(match?.[3])
    const host = match?.[1] ?? match?.[2]
    if (host !== undefined && port > 0 && port < 65_536) return { host, port }
    const message = `must be an address and a port, such as 0.0.0.0:${TRAP_PORT}`
    context.issues.push({ code: 'custom', message, input: text })
    return z.NEVER
  })

/** The section `snmp` of the configuration. */
export const SnmpConfig = z
  .strictObject({
    ...access,
    access: z.array(Rule).max(100).default([]).describe('exceptions, the first that fits counts'),
    profiles: z.array(Profile).max(50).default([]).describe('profiles of your own'),
    full_every: FullEvery.optional().describe(
      'with a short interval: how often everything is read; leak, pump and flow on every tick',
    ),
    traps: z.strictObject({ listen: Listen }).optional(),
  })
  .superRefine((config, context) => {
    const known = new Set(['auto', ...profilesOf(config).map(({ name }) => name)])
    const check = (name: string | undefined, path: (string | number)[]) => {
      if (name === undefined || known.has(name)) return
      const message = `there is no profile "${name}"; known: ${[...known].join(', ')}`
      context.addIssue({ code: 'custom', path, message })
    }
    check(config.profile, ['profile'])
    for (const [at, rule] of config.access.entries()) check(rule.profile, ['access', at, 'profile'])
    for (const [at, profile] of config.profiles.entries())
      check(profile.extends, ['profiles', at, 'extends'])
    for (const [at, rule] of [config, ...config.access].entries())
      if ((rule.version ?? config.version) === '3' && (rule.user ?? config.user) === undefined)
        context.addIssue({
          code: 'custom',
          path: at === 0 ? ['user'] : ['access', at - 1, 'user'],
          message: 'version 3 needs a `user`',
        })
  })
  .prefault({})
export type SnmpConfig = z.infer<typeof SnmpConfig>
export type Access = Pick<
  SnmpConfig,
  'version' | 'community_env' | 'community_file' | 'user' | 'profile'
>

/** Every profile, the site's own first. */
const profilesOf = ({ profiles }: Pick<SnmpConfig, 'profiles'>): readonly Profile[] => [
  ...profiles,
  ...BUILT_IN,
]

const plansByConfig = new WeakMap<object, readonly Plan[]>()

/** Every plan, the site's own first. */
export function plansOf(config: Pick<SnmpConfig, 'profiles'>): readonly Plan[] {
  const known = plansByConfig.get(config)
  if (known !== undefined) return known
  const profiles = profilesOf(config)
  const plans = profiles.map((profile) => planOf(profile, profiles))
  plansByConfig.set(config, plans)
  return plans
}

/** What holds for one target: its first rule, and the section's own words where the rule says nothing. */
export function accessFor(config: SnmpConfig, names: readonly string[]): Access {
  const rule = config.access.find(({ targets }) =>
    targets.some((pattern) => names.some((name) => fits(pattern, name))),
  )
  if (rule === undefined) return config
  const hasSecret = rule.community_env !== undefined || rule.community_file !== undefined
  return {
    version: rule.version ?? config.version,
    community_env: hasSecret ? rule.community_env : config.community_env,
    community_file: hasSecret ? rule.community_file : config.community_file,
    user: rule.user ?? config.user,
    profile: rule.profile ?? config.profile,
  }
}

function fits(pattern: string, name: string): boolean {
  const parts = pattern.split('*')
  const [first = '', ...rest] = parts
  if (rest.length === 0) return pattern === name
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const part of rest.slice(0, -1)) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  const last = rest.at(-1) ?? ''
  return name.length - last.length >= at && name.endsWith(last)
}
