import { checkObject, METRIC_PREFIX, type PeerBlock, type PeerObject } from './samples.ts'

const MEASUREMENT = METRIC_PREFIX.slice(0, -1)

interface Prepared {
  readonly head: string
  readonly fields: readonly string[]
}

const prepared = new WeakMap<PeerObject, Prepared>()

/**
 * A block as influx line protocol, times in ms (`/write?precision=ms`): one line per object and instant with all its
 * fields, so that labels are written once for all metrics.
 */
export function influxLines({ timesMs, rows }: PeerBlock): Uint8Array {
  const lines: string[] = []
  timesMs.forEach((timeMs, tick) => {
    for (const { object, values } of rows) {
      const { head, fields } = prepare(object)
      const from = tick * fields.length
      let line = head
      let separator = ' '
      for (let i = 0; i < fields.length; i++) {
        const value = values[from + i]
        if (value === undefined || Number.isNaN(value)) continue
        line += `${separator}${fields[i]}${value}`
        separator = ','
      }
      if (separator === ',') lines.push(`${line} ${timeMs}\n`)
    }
  })
  return Buffer.from(lines.join(''))
}

function prepare(object: PeerObject): Prepared {
  const known = prepared.get(object)
  if (known !== undefined) return known
  checkObject(object)
  const labels = Object.entries(object.labels).map(([name, value]) => `,${name}=${value}`)
  const made = {
    head: `${MEASUREMENT}${labels.join('')}`,
    fields: object.metrics.map((name) => `${name.slice(METRIC_PREFIX.length)}=`),
  }
  prepared.set(object, made)
  return made
}
