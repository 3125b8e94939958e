import type { AuditAnswer } from '#schemas/api-audit.ts'
import type { SettingsAnswer } from '#schemas/api-settings.ts'
import { apiUrl, get, type Params } from '#lib/api.ts'

/** What the pages of settings ask of the API. */

export const settings = (signal: AbortSignal) => get<SettingsAnswer>(apiUrl('settings'), signal)

export const audit = (params: Params, signal: AbortSignal) =>
  get<AuditAnswer>(apiUrl('audit', params), signal)
