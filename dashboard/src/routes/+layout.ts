import { locale } from '#lib/state/locale.svelte.ts'
import { session } from '#lib/state/session.svelte.ts'

/** A static single-page app: nothing is rendered on a server. */
export const ssr = false
export const prerender = false

/** Language and session are there before the first page, so that nothing flickers or jumps. */
export async function load() {
  await Promise.all([locale.start(), session.info === null ? session.load() : null])
}
