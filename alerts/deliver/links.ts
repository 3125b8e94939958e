import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Alert, Notification } from '#schemas/alerts/alert.ts'
import type { MessageLinks } from '../channels/channel.ts'

/** What a link in a message lets its holder do, on a page that asks once more. */
export const LINK_ACTIONS = ['ack', 'silence'] as const
export type LinkAction = (typeof LINK_ACTIONS)[number]

/** How long a link works after its message. */
export const LINK_HOLDS_MS = 7 * 86_400_000

export interface LinkSettings {
  /** Without a slash at its end. */
  readonly publicUrl: string
  /** At least 32 random bytes of this site; with another key old links no longer work. */
  readonly key: Uint8Array
  readonly runbookOf: (rule: string) => string | null
}

/**
 * Links of a message, the same at each attempt. `ack` and `silence` lead to a page that shows what would happen and asks;
 * their token is for one group, one action and seven days.
 */
export function linksOf(
  { group, at_ms, reason }: Notification,
  alerts: readonly Alert[],
  { publicUrl, key, runbookOf }: LinkSettings,
): MessageLinks {
  const base = publicUrl.replace(/\/+$/, '')
  const rule = alerts[0]?.rule
  const runbook = rule === undefined ? null : runbookOf(rule)
  const expires = at_ms + LINK_HOLDS_MS
  const link = (action: LinkAction) =>
    `${base}/alerts/confirm/${action}?group=${group}&until=${expires}&token=${tokenOf({ action, group, expires }, key)}`
  const isOpen = reason !== 'resolved' && reason !== 'test'
  return {
    chart: `${base}/alerts/${group}`,
    runbook: runbook === null ? null : `${base}/api/docs/runbooks/${encodeURIComponent(runbook)}`,
    ack: isOpen ? link('ack') : null,
    silence: isOpen && reason !== 'drill' ? link('silence') : null,
  }
}

interface Granted {
  readonly action: LinkAction
  readonly group: string
  /** Epoch ms. */
  readonly expires: number
}

const tokenOf = ({ action, group, expires }: Granted, key: Uint8Array) =>
  createHmac('sha256', key)
    .update(`plimsoll link 1\n${action}\n${group}\n${expires}`)
    .digest('base64url')

/** Whether a token is of this action, group and time, and still holds. */
export function isTokenGood(
  granted: Granted,
  token: string,
  { key, nowMs }: { readonly key: Uint8Array; readonly nowMs: number },
): boolean {
  const expected = Buffer.from(tokenOf(granted, key))
  const given = Buffer.from(token)
  return (
    nowMs < granted.expires && given.length === expected.length && timingSafeEqual(given, expected)
  )
}
