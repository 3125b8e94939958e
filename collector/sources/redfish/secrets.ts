import { readFile } from 'node:fs/promises'
import type { Unread } from '#schemas/reading.ts'
import type { FieldRequest } from '../../field-io.ts'
import { noSecret } from './faults.ts'
import type { RedfishConfig } from './options.ts'

/** Passwords and PEM files are small; a wrong path may not be. */
const SECRET_CHARS = 65_536

/** Where secrets come from. */
export interface SecretDeps {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly readText: (path: string) => Promise<string>
}

export const processSecrets: SecretDeps = {
  environment: process.env,
  readText: (path) => readFile(path, 'utf8'),
}

/** How a device is asked: as whom, with which proof. `user` null = without a login. */
export type Access =
  | { readonly kind: 'open' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'login'; readonly user: string; readonly password: string }
  | { readonly kind: 'missing'; readonly why: Unread }

/** The secrets as they are now: a file that was changed counts from the next login on. */
export async function accessOf(config: RedfishConfig, deps: SecretDeps): Promise<Access> {
  const { user, password_env, password_file, token_env } = config
  const fromEnvironment = (name: string) => deps.environment[name] ?? ''
  if (token_env !== undefined) {
    const token = fromEnvironment(token_env)
    if (token !== '') return { kind: 'token', token }
    return { kind: 'missing', why: noSecret(`the variable ${token_env} is empty`) }
  }
  if (user === undefined) return { kind: 'open' }
  if (password_env !== undefined) {
    const password = fromEnvironment(password_env)
    if (password !== '') return { kind: 'login', user, password }
    return { kind: 'missing', why: noSecret(`the variable ${password_env} is empty`) }
  }
  const text = await readSmall(password_file ?? '', deps)
  const password = text?.replace(/\r?\n$/, '') ?? ''
  if (password !== '') return { kind: 'login', user, password }
  return { kind: 'missing', why: noSecret(`the file ${password_file} cannot be read or is empty`) }
}

/** The text of a small file, or null. */
export async function readSmall(path: string, { readText }: SecretDeps): Promise<string | null> {
  try {
    const text = await readText(path)
    return text.length > SECRET_CHARS ? null : text
  } catch {
    return null
  }
}

/** How this host proves itself; a `ca` that cannot be read is no reason to trust anybody, so the machine's own list counts. */
export async function tlsOf(
  host: string,
  { tls }: RedfishConfig,
  deps: SecretDeps,
): Promise<FieldRequest['tls']> {
  const fingerprint = tls?.fingerprints?.[host] ?? tls?.fingerprints?.['*']
  if (fingerprint !== undefined) return { fingerprint }
  const ca = tls?.ca === undefined ? null : await readSmall(tls.ca, deps)
  return ca === null ? undefined : { ca }
}
