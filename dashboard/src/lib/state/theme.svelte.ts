import { readStored, writeStored } from '#lib/state/persisted.ts'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const KEY = 'plimsoll.theme'

/** Light or dark: the system's wish unless a person chose. `static/boot.js` sets it before first paint. */
class ThemeState {
  choice = $state<Theme>(THEMES.find((theme) => theme === readStored(KEY)) ?? 'system')
  #systemDark = $state(false)
  /** Paper is light, and so are the charts on it. */
  #isPrinting = $state(false)
  /** What is on screen; charts redraw when it changes. */
  shown = $derived(
    this.#isPrinting
      ? 'light'
      : this.choice === 'system'
        ? this.#systemDark
          ? 'dark'
          : 'light'
        : this.choice,
  )

  constructor() {
    const query = window.matchMedia('(prefers-color-scheme: dark)')
    this.#systemDark = query.matches
    query.addEventListener('change', (event) => {
      this.#systemDark = event.matches
    })
    window.matchMedia('print').addEventListener('change', (event) => {
      this.#isPrinting = event.matches
    })
  }

  choose(theme: Theme): void {
    this.choice = theme
    writeStored(KEY, theme === 'system' ? null : theme)
    if (theme === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme
  }

  /** system -> light -> dark -> system. */
  next(): void {
    this.choose(THEMES[(THEMES.indexOf(this.choice) + 1) % THEMES.length] ?? 'system')
  }
}

export const theme = new ThemeState()
