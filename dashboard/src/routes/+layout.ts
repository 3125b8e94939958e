import type { LoadEvent } from '@sveltejs/kit'
import { live } from '#lib/state/live.svelte.ts'
import { locale } from '#lib/state/locale.svelte.ts'
import { session } from '#lib/state/session.svelte.ts'

/** A static single-page app: nothing is rendered on a server. */
export const ssr = false
export const prerender = false

/**
 * Language and session are there before the first page, so that nothing flickers or jumps. The stream, whose first message
 * fills it, begins beside them: who may not look has it closed again.
 */
export async function load({ params }: LoadEvent) {
  if (session.info !== null) return
  const close = live.watch(params['id'] ?? null)
  await Promise.all([locale.start(), session.load()])
  if (session.loginNeeded) close()
}
