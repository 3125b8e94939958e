import type { AuditAnswer } from '#schemas/api-audit.ts'
import type { OwnersChange, PricesChange, SettingChanged } from '#schemas/api-settings-change.ts'
import type { SettingOrigin, SettingsAnswer } from '#schemas/api-settings.ts'
import { apiUrl, call, get, type Params } from '#lib/api.ts'

/** What the pages of settings ask of the API. */

export const settings = (signal: AbortSignal) => get<SettingsAnswer>(apiUrl('settings'), signal)

export const audit = (params: Params, signal: AbortSignal) =>
  get<AuditAnswer>(apiUrl('audit', params), signal)

const change = (path: string, body: PricesChange | OwnersChange, signal: AbortSignal) =>
  call<SettingChanged>(apiUrl(path), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })

/** The entry that a change stands on; 0 = nobody entered one. */
const baseOf = (origin: SettingOrigin) => (origin.kind === 'journal' ? origin.sequence : 0)

export const changePrices = (
  origin: SettingOrigin,
  body: PricesChange['change'],
  signal: AbortSignal,
) => change('settings/prices', { base: baseOf(origin), change: body }, signal)

export const changeOwners = (
  origin: SettingOrigin,
  body: OwnersChange['change'],
  signal: AbortSignal,
) => change('settings/owners', { base: baseOf(origin), change: body }, signal)
