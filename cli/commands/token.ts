import { userInfo } from 'node:os'
import { type Audit, type AuditEntry, createAudit } from '../../query/access/audit.ts'
import { AccessRole } from '../../query/access/config.ts'
import { addToken, listTokens, revokeToken } from '../../query/access/token-file.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { type Invocation, wholeNumber } from '../command.ts'
import { auditPath, readSettings, tokensPath } from '../settings.ts'

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 365

export async function run(invocation: Invocation): Promise<number> {
  const settings = readSettings(invocation)
  const path = tokensPath(settings)
  const audit = createAudit(auditPath(settings), Date.now)
  const [action, name] = invocation.positionals
  if (action === 'add') return add(invocation, path, audit)
  if (action === 'list') return list(invocation, path)
  if (action === 'revoke' && name !== undefined) return revoke(invocation, path, { name, audit })
  throw new PlimsollError(
    'E_USAGE',
    'give one of: token add --name NAME, token list, token revoke NAME',
  )
}

/** Whoever may run this may read the file: the person is the user of this machine. */
function told(action: 'token_add' | 'token_revoke', target: string): AuditEntry {
  return { who: userInfo().username, role: 'admin', address: '-', action, target, outcome: 'done' }
}

async function add(invocation: Invocation, path: string, audit: Audit): Promise<number> {
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
  await audit.record(told('token_add', record.name))
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

async function revoke(
  invocation: Invocation,
  path: string,
  { name, audit }: { name: string; audit: Audit },
): Promise<number> {
  if (!(await revokeToken(path, name))) {
    throw new PlimsollError(
      'E_USAGE',
      `there is no token named ${name}; plimsoll token list shows them`,
    )
  }
  await audit.record(told('token_revoke', name))
  invocation.print(`revoked ${name}`)
  return 0
}
