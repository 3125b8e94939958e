import { sendAll } from '../peers/peer.ts'
import { METRIC_PREFIX, type PeerBlock } from '../peers/samples.ts'
import { startVictoriaMetrics } from '../peers/victoria-metrics.ts'
import { DAY_METRICS, STEP_MS } from './day.ts'
import type { Day } from './ours.ts'

export interface PeerDisk {
  readonly version: string
  readonly samples: number
  readonly dataBytes: number
  readonly indexBytes: number
}

/** Values of one series in one request: a third of a day. */
const TICKS_PER_REQUEST = 2880

/** The same day in VictoriaMetrics, by native import, which decides nothing about how it is kept; merged. */
export async function storePeerDay(program: string, day: Day): Promise<PeerDisk> {
  const peer = await startVictoriaMetrics(program)
  try {
    await sendAll(peer, 'native import', bodies())
    await peer.settle()
    const { data, index } = await peer.bytesOnDisk()
    const samples = await peer.count(day.fromMs, day.fromMs + day.ticks * STEP_MS)
    return { version: peer.version, samples, dataBytes: data, indexBytes: index }
  } finally {
    await peer.stop()
  }

  function* bodies() {
    for (const [position, values] of day.devices.entries())
      for (let tick = 0; tick < day.ticks; tick += TICKS_PER_REQUEST)
        yield peer.encode('native import', blockOf(day, { position, values, tick }))
  }
}

const METRICS = DAY_METRICS.map((name) => `${METRIC_PREFIX}${name}`)

function blockOf(
  day: Day,
  { position, values, tick }: { position: number; values: Float64Array; tick: number },
): PeerBlock {
  const ticks = Math.min(TICKS_PER_REQUEST, day.ticks - tick)
  const object = {
    labels: { device: `GPU-${position.toString(16).padStart(32, '0')}` },
    metrics: METRICS,
  }
  const { length } = DAY_METRICS
  return {
    timesMs: Array.from({ length: ticks }, (_, i) => day.fromMs + (tick + i) * STEP_MS),
    rows: [{ object, values: values.subarray(tick * length, (tick + ticks) * length) }],
  }
}
