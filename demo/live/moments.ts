import type { MetricValues } from '#schemas/metrics.ts'
import type { Holder } from '#schemas/batch.ts'
import type { SimDevice, SimNode } from '../fleet/layout.ts'
import { simMetrics } from '../fleet/readings.ts'
import type { FleetModel, FleetTick } from '../fleet/state.ts'
import type { Incident } from '../incident.ts'

/** Interval of the live fleet. */
export const LIVE_STEP_MS = 10_000

/** The live fleet as its tools see it: one state per ten seconds, whoever asks first. */
export interface Moments {
  /** The state at this time; never an earlier one than was asked for before. */
  tickAt(nowMs: number): FleetTick
  /** What a device's tool measures now, canonical; what it cannot say is left out. */
  metricsOf(device: SimDevice, nowMs: number): MetricValues
  /** Who holds a node, as the simulated site's scheduler says; null when nobody does. */
  holderOf(node: SimNode, nowMs: number): Holder | null
  /** False while nothing can be read from a node. */
  answers(node: SimNode, nowMs: number): boolean
}

export function createMoments(model: FleetModel, incident: Pick<Incident, 'startMs'>): Moments {
  const metrics = simMetrics(model.fleet).map((metric) => ({
    metric,
    values: new Float64Array(model.fleet.devices.length),
  }))
  let tick: FleetTick | null = null

  const tickAt = (nowMs: number): FleetTick => {
    const cellMs = Math.floor(nowMs / LIVE_STEP_MS) * LIVE_STEP_MS
    if (tick !== null && tick.atMs >= cellMs) return tick
    tick = model.tick(cellMs, incident.startMs())
    for (const { metric, values } of metrics) metric.fill(tick, values)
    return tick
  }
  return {
    tickAt,
    metricsOf(device, nowMs) {
      tickAt(nowMs)
      const said: MetricValues = {}
      for (const { metric, values } of metrics) {
        const value = values[device.position] ?? Number.NaN
        if (!Number.isNaN(value)) said[metric.name] = value
      }
      return said
    },
    holderOf(node, nowMs) {
      const device = node.devices[0]
      const slot = device === undefined ? undefined : model.slotOf(device)
      const moment = slot === undefined ? undefined : tickAt(nowMs).moments[slot.id]
      if (slot === undefined || moment?.job == null) return null
      const { tenant, job, workload } = moment
      const pod = `${job}-${slot.nodes.indexOf(node)}`
      return { tenant, job, namespace: tenant, pod, container: 'main', class: workload }
    },
    answers: (node, nowMs) => model.nodeAnswers(node, tickAt(nowMs).atMs),
  }
}
