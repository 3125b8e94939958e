import { enSettings } from '#lib/i18n/en-settings.ts'
import { enSettingsEdit } from '#lib/i18n/en-settings-edit.ts'
import { zhSettings } from '#lib/i18n/zh-settings.ts'
import { zhSettingsEdit } from '#lib/i18n/zh-settings-edit.ts'

/** Texts of these pages by language; beside them and not in the catalogue that the first page loads. */
export const TEXTS = { en: enSettings, zh: zhSettings } as const
/** Texts of changing something here. */
export const EDIT_TEXTS = { en: enSettingsEdit, zh: zhSettingsEdit } as const
