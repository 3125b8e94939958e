import {
  isMetricName,
  isPlausible,
  metricDefinition,
  type MetricName,
  type MetricValues,
} from '#schemas/metrics.ts'

/**
 * The values inside their metric's range (DEFINITIONS 2). What lies outside becomes null and is handed to
 * `refuse` with reason `range:<metric>`; names outside the catalogue are left out.
 */
export function plausibleMetrics(
  metrics: MetricValues,
  refuse: (reason: string, what: string) => void,
): MetricValues {
  const values: MetricValues = {}
  const entries: [string, number | null][] = Object.entries(metrics)
  for (const [name, value] of entries) {
    if (!isMetricName(name)) continue
    const isFine = value === null || isInRange(name, value)
    values[name] = isFine ? value : null
    if (!isFine) refuse(`range:${name}`, `${name} ${value}`)
  }
  return values
}

function isInRange(name: MetricName, value: number): boolean {
  const definition = metricDefinition(name)
  return definition !== undefined && Number.isFinite(value) && isPlausible(definition, value)
}
