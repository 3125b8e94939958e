import { readFile } from 'node:fs/promises'

/** Where a secret is: an environment variable, a file, or nowhere. */
export interface SecretPlace {
  readonly env?: string | undefined
  readonly file?: string | undefined
}

/** Reads a secret, anew each time, so that a changed one counts without a restart; '' when it has no place. */
export type ReadSecret = (place: SecretPlace) => Promise<string>

const SECRET_MAX_CHARS = 8_192

/** Secrets from `environment` and files. Rejects in words for a person, never with the secret. */
export function createReadSecret(
  environment: Readonly<Record<string, string | undefined>>,
): ReadSecret {
  return async ({ env, file }) => {
    if (env !== undefined) {
      const value = environment[env]?.trim() ?? ''
      if (value === '') throw new Error(`the environment variable ${env} is empty or not set`)
      return value.slice(0, SECRET_MAX_CHARS)
    }
    if (file === undefined) return ''
    let text: string
    try {
      text = await readFile(file, 'utf8')
    } catch (cause) {
      throw new Error(`the secret file ${file} cannot be read`, { cause })
    }
    if (text.trim() === '') throw new Error(`the secret file ${file} is empty`)
    return text.trim().slice(0, SECRET_MAX_CHARS)
  }
}

/**
 * A sentence without secrets: what a receiver or a library said may hold the address or the key it was given. Parts of a
 * secret address (path, query) count as secrets too, also when they are escaped.
 */
export function redacted(text: string, secrets: readonly string[]): string {
  const parts = new Set<string>()
  for (const secret of secrets) {
    for (const part of [secret, ...secret.split(/[\s/?&=:]+/)]) {
      if (part.length < 6 || PLAIN.test(part)) continue
      parts.add(part)
      parts.add(encodeURIComponent(part))
      parts.add(Buffer.from(part).toString('base64'))
    }
  }
  const longestFirst = [...parts].sort((a, b) => b.length - a.length)
  return longestFirst.reduce((shown, part) => shown.replaceAll(part, '***'), text)
}

/** Words of vendors' addresses that are no secret. */
const PLAIN =
  /^(https?|services|open-apis|webhook|cgi-bin|access_token|(?:[a-z0-9-]+\.)+[a-z]{2,})$/
