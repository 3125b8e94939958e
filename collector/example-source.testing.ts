import { z } from 'zod'
import type { DeviceReading, Interpretation } from '#schemas/reading.ts'
import type { HttpResult, Source } from './source.ts'

/** A device as the tests of the collector read it; everything not named is empty. */
export function reading(
  facts: Partial<DeviceReading> & { readonly keys: readonly string[] },
): DeviceReading {
  return {
    vendor: 'example',
    model: 'X1',
    node: null,
    index: null,
    bus: null,
    parent: null,
    partition: null,
    holder: null,
    metrics: {},
    labels: {},
    failed: null,
    ...facts,
  }
}

/** An interpretation of these devices, or another outcome. */
export function interpretation(
  devices: readonly DeviceReading[],
  more: Partial<Interpretation> = {},
): Interpretation {
  return {
    source: 'example',
    outcome: 'ok',
    reason: null,
    detail: null,
    devices,
    events: [],
    rejected: [],
    rejectedByReason: {},
    ignored: [],
    toolLabels: {},
    ...more,
  }
}

/** `uuid;busy;watts` per line after a first line `example`; a line with another shape is refused. */
export function exampleSource(
  facts: Partial<Pick<Source, 'name' | 'transport' | 'defaultIntervalMs' | 'detect'>> = {},
): Source {
  const source: Source = {
    name: 'example',
    transport: 'http',
    defaultIntervalMs: 10_000,
    expects: ['gpu_util_ratio', 'power_watts'],
    config: z.strictObject({ flavour: z.enum(['sweet', 'sour']).default('sweet') }),
    recognize: (bytes) => (textOf(bytes).startsWith('example') ? 1 : 0),
    interpret: (bytes) => interpret(source.name, textOf(bytes)),
    detect: () => Promise.resolve({ state: 'absent', looked: 'an example on port 1' }),
    async read({ io, target, timeoutMs }) {
      const result = await io.get(target.address, { timeoutMs, maxBytes: 64 << 20 })
      return result.failure === null && result.status === 200
        ? source.interpret(result.body)
        : failed(source.name, result)
    },
    ...facts,
  }
  return source
}

function interpret(source: string, text: string): Interpretation {
  const [first, ...lines] = text.split('\n').filter((line) => line !== '')
  if (first !== 'example' || lines.length === 0)
    return interpretation([], {
      source,
      outcome: 'failed',
      reason: 'empty_page',
      detail: 'no devices',
    })
  const devices: DeviceReading[] = []
  const rejected: { line: string; reason: string }[] = []
  for (const line of lines) {
    const [uuid, busy, watts, ...rest] = line.split(';')
    if (uuid === undefined || watts === undefined || rest.length > 0)
      rejected.push({ line, reason: 'field_count' })
    else
      devices.push(
        reading({
          keys: [`uuid:${uuid}`],
          metrics: { gpu_util_ratio: Number(busy), power_watts: Number(watts) },
        }),
      )
  }
  const rejectedByReason = rejected.length === 0 ? {} : { field_count: rejected.length }
  return interpretation(devices, { source, rejected, rejectedByReason })
}

function failed(source: string, { status, failure }: HttpResult): Interpretation {
  const reason = failure ?? `http_${status}`
  return interpretation([], {
    source,
    outcome: 'failed',
    reason,
    detail: `the answer was ${reason}`,
  })
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
