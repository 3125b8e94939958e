import type { en } from '#lib/i18n/en.ts'

/** A page of the header by its address and the key of its name. */
export interface PageLink {
  readonly href: string
  readonly name: keyof typeof en.app.nav
}

/** What somebody opens every day stands in the header. */
export const PAGES = [
  { href: '/', name: 'fleet' },
  { href: '/wall', name: 'wall' },
  { href: '/loss', name: 'loss' },
  { href: '/jobs', name: 'jobs' },
  { href: '/thermal', name: 'thermal' },
  { href: '/energy', name: 'energy' },
  { href: '/alerts', name: 'alerts' },
  { href: '/reports', name: 'reports' },
] as const satisfies readonly PageLink[]

/** The others stand in a list beside them. */
export const MORE_PAGES = [
  { href: '/explore', name: 'explore' },
  { href: '/devices', name: 'devices' },
  { href: '/cooling', name: 'cooling' },
  { href: '/inventory', name: 'inventory' },
  { href: '/collection', name: 'collection' },
  { href: '/pipeline', name: 'pipeline' },
  { href: '/settings', name: 'settings' },
  { href: '/kiosk', name: 'kiosk' },
] as const satisfies readonly PageLink[]

/** Whether the page at `path` is the one of `href`, or below it. */
export function isPageOf(href: string, path: string): boolean {
  return href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`)
}
