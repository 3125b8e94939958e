import type { SettingsAnswer, SetupItem } from '#schemas/api-settings.ts'
import { decimal, type Lang } from '#lib/format.ts'
import { TEXTS } from './texts.ts'

const RANK = { missing: 0, default: 1, set: 2 } as const satisfies Record<
  SetupItem['state'],
  number
>

/** What is missing first, then what is assumed; within them in the order of the answer, the costliest first. */
export const openFirst = (setup: readonly SetupItem[]): SetupItem[] =>
  setup.toSorted((a, b) => RANK[a.state] - RANK[b.state])

/** What is in force, in words. */
export function inForce(
  { key, state, value, of }: SetupItem,
  prices: Pick<SettingsAnswer['prices'], 'assumed_usd_per_hour' | 'assumed_usd_per_kwh'>,
  lang: Lang,
): string {
  const m = TEXTS[lang]
  if (state === 'default') {
    if (key === 'prices') return m.defaults.prices(decimal(prices.assumed_usd_per_hour, lang, 2))
    if (key === 'electricity')
      return m.defaults.electricity(decimal(prices.assumed_usd_per_kwh, lang, 2))
    if (key === 'inventory' || key === 'zones' || key === 'rules' || key === 'access')
      return m.defaults[key]
  }
  if (value === null || value === 0) return m.nothing
  const text = typeof value === 'number' ? decimal(value, lang) : value
  if (of !== null) return m.of(text, decimal(of, lang))
  return m.things[key].value(text)
}
