import type { Page } from 'playwright-core'

/** TEST ONLY. */

/** What a page holds, after the garbage is gone: bytes of JavaScript, nodes of the document, listeners. */
export interface Held {
  readonly bytes: number
  readonly nodes: number
  readonly listeners: number
}

/** Counts what a page holds now. */
export async function held(page: Page): Promise<Held> {
  const client = await page.context().newCDPSession(page)
  await client.send('HeapProfiler.enable')
  await client.send('HeapProfiler.collectGarbage')
  await client.send('Performance.enable')
  const { metrics } = await client.send('Performance.getMetrics')
  await client.detach()
  const read = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN
  return {
    bytes: read('JSHeapUsedSize'),
    nodes: read('Nodes'),
    listeners: read('JSEventListeners'),
  }
}

/** As a line for whoever reads a test's output. */
export const heldText = (before: Held, after: Held): string =>
  `heap ${(before.bytes / 1e6).toFixed(2)} to ${(after.bytes / 1e6).toFixed(2)} MB, nodes ${before.nodes} to ${after.nodes}, listeners ${before.listeners} to ${after.listeners}`
