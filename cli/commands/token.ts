import { AccessRole } from '../../query/access/config.ts'
import { addToken, listTokens, revokeToken } from '../../query/access/token-file.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { type Invocation, wholeNumber } from '../command.ts'
import { readSettings, tokensPath } from '../settings.ts'

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 365

export async function run(invocation: Invocation): Promise<number> {
  const path = tokensPath(readSettings(invocation))
  const [action, name] = invocation.positionals
  if (action === 'add') return add(invocation, path)
  if (action === 'list') return list(invocation, path)
  if (action === 'revoke' && name !== undefined) return revoke(invocation, path, name)
  throw new PlimsollError(
    'E_USAGE',
    'give one of: token add --name NAME, token list, token revoke NAME',
  )
}

async function add(invocation: Invocation, path: string): Promise<number> {
  const name = invocation.option('name')
  const role = AccessRole.safeParse(invocation.option('role') ?? 'read')
  const days = wholeNumber(invocation, 'days', { min: 1, max: 3650 }) ?? DEFAULT_DAYS
  if (name === undefined)
    throw new PlimsollError('E_USAGE', 'token add needs --name: who is it for?')
  if (!role.success) throw new PlimsollError('E_USAGE', '--role is read, operate or admin')
  const nowMs = Date.now()
  const { token, record } = await addToken(path, {
    name,
    role: role.data,
    expiresMs: nowMs + days * DAY_MS,
    nowMs,
  })
  invocation.print(token)
  console.error(
    `Token for ${record.name} (${record.role}), valid until ${record.expires_at ?? 'revoked'}. It is not shown again.`,
  )
  return 0
}

async function list(invocation: Invocation, path: string): Promise<number> {
  const tokens = await listTokens(path)
  if (tokens.length === 0) console.error(`no tokens in ${path}`)
  for (const token of tokens) {
    const used = token.last_used_at ?? 'never used'
    invocation.print(
      `${token.name}\t${token.role}\t${token.id}\texpires ${token.expires_at ?? 'never'}\t${used}`,
    )
  }
  return 0
}

async function revoke(invocation: Invocation, path: string, name: string): Promise<number> {
  if (!(await revokeToken(path, name))) {
    throw new PlimsollError(
      'E_USAGE',
      `there is no token named ${name}; plimsoll token list shows them`,
    )
  }
  invocation.print(`revoked ${name}`)
  return 0
}
