import { isMeterMetricName, type MeterMetricValues } from '#schemas/meter-metrics.ts'

/**
 * The values that are read on every tick, and those that wait for a full read; null where there is none. The object itself where all are
 * of one kind, as nearly always.
 */
export function byPace(
  metrics: MeterMetricValues,
  fastNames: ReadonlySet<string>,
): { readonly fast: MeterMetricValues | null; readonly slow: MeterMetricValues | null } {
  let fasts = 0
  let slows = 0
  for (const name in metrics) {
    if (fastNames.has(name)) fasts++
    else slows++
  }
  if (fasts === 0 || slows === 0)
    return { fast: fasts > 0 ? metrics : null, slow: slows > 0 ? metrics : null }
  const fast: MeterMetricValues = {}
  const slow: MeterMetricValues = {}
  for (const name in metrics) {
    if (!isMeterMetricName(name)) continue
    const to = fastNames.has(name) ? fast : slow
    to[name] = metrics[name] ?? null
  }
  return { fast, slow }
}
