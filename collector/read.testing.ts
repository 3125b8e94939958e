import type { DeviceReading, Interpretation } from '#schemas/reading.ts'
import { interpretation } from './example-source.testing.ts'
import type { TargetRead } from './runner.ts'
import { toTarget } from './targets/target.ts'

/** A moment on the grid of every interval. */
export const T0 = 1_800_000_000_000 - (1_800_000_000_000 % 3_600_000)

/** A finished read for tests of what comes after the runner. */
export function targetRead(
  tickMs: number,
  devices: readonly DeviceReading[],
  more: Partial<Omit<TargetRead, 'interpretation'>> & {
    readonly said?: Partial<Interpretation>
  } = {},
): TargetRead {
  const { said = {}, ...facts } = more
  const source = facts.source ?? 'a'
  const target = facts.target ?? toTarget('n1:9400', {}, 'me')
  return {
    id: `${source} ${target.address}`,
    source,
    target,
    tickMs,
    intervalMs: 10_000,
    atMs: tickMs + 300,
    durationMs: 12,
    bytes: 1000,
    interpretation: interpretation(devices, { source, ...said }),
    ...facts,
  }
}
