import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { DEFAULT_TOKEN_ENV, type MeterPushConfig } from './options.ts'

/** A changed file counts after this long, ms. */
const TOKEN_MS = 60_000
const TOKEN_CHARS = { least: 16, most: 4096 }

/** Where the token and PEM files are read; tests bring their own. */
export interface SecretPlaces {
  env(name: string): string | undefined
  file(path: string): Promise<string>
  nowMs(): number
}

export const SYSTEM_PLACES: SecretPlaces = {
  env: (name) => process.env[name],
  file: (path) => readFile(path, 'utf8'),
  nowMs: () => performance.now(),
}

/** Says whether a header carries the token. */
export interface TokenGuard {
  /** Why there is no token: its place, never the token; null when there is one. */
  missing(): Promise<string | null>
  isRight(authorization: string | undefined): Promise<boolean>
}

export function createTokenGuard(config: MeterPushConfig, places: SecretPlaces): TokenGuard {
  const { token_file: file } = config
  const env = config.token_env ?? DEFAULT_TOKEN_ENV
  let kept: { readonly text: string; readonly atMs: number } | null = null
  const token = async (): Promise<string> => {
    if (file === undefined) return places.env(env) ?? ''
    if (kept === null || places.nowMs() - kept.atMs > TOKEN_MS) {
      const text = await places.file(file).catch(() => '')
      kept = { text: text.length > TOKEN_CHARS.most ? '' : text.trim(), atMs: places.nowMs() }
    }
    return kept.text
  }
  return {
    async missing() {
      const place = file === undefined ? `the variable ${env}` : `the file ${file}`
      const { length } = await token()
      if (length >= TOKEN_CHARS.least) return null
      return `${place} holds no token of at least ${TOKEN_CHARS.least} characters`
    },
    async isRight(authorization) {
      const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
      const wanted = await token()
      if (given === undefined || wanted.length < TOKEN_CHARS.least) return false
      // Digests have one length, so that the time says nothing about the token.
      return timingSafeEqual(digest(given), digest(wanted))
    },
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest()
