import type { Lang } from '#lib/format.ts'
import { en, type Messages } from '#lib/i18n/en.ts'
import { readStored, writeStored } from '#lib/state/persisted.ts'

const KEY = 'plimsoll.lang'

/** The language of the screen. English is always there; another one is fetched when it is wanted. */
class Locale {
  lang = $state<Lang>('en')
  /** All texts in the current language. */
  m = $state.raw<Messages>(en)

  /** The stored choice, else the browser's language. To be awaited before the first page. */
  async start(): Promise<void> {
    const wanted = readStored(KEY) ?? navigator.language
    await this.#show(wanted.startsWith('zh') ? 'zh' : 'en')
  }

  async choose(lang: Lang): Promise<void> {
    writeStored(KEY, lang)
    await this.#show(lang)
  }

  async #show(lang: Lang): Promise<void> {
    this.m = lang === 'zh' ? (await import('#lib/i18n/zh.ts')).zh : en
    this.lang = lang
    document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en'
  }
}

export const locale = new Locale()
