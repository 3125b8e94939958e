import type { Contract } from '#schemas/journal.ts'
import { modelKey } from '#schemas/models/model.ts'
import type { TimeWindow } from '../window.ts'

/** Devices of one model in one pool over a span of time, device-ms. */
export interface Place {
  readonly model: string
  readonly pool: string
  /** Nobody held them. */
  readonly free: bigint
  readonly held: bigint
}

/** Contracts that are about the same devices; the more it says, the earlier it is served. */
interface Scope {
  readonly model: string
  readonly pool: string
  readonly contracts: readonly Contract[]
}

/** Contracts by the devices they are about, those that name model and pool first. */
export function contractScopes(contracts: readonly Contract[]): readonly Scope[] {
  const specificity = ({ model, pool }: Scope) => (model === '' ? 0 : 2) + (pool === '' ? 0 : 1)
  const byPlace = Map.groupBy(contracts, ({ model, pool }) =>
    JSON.stringify([model === '' ? '' : modelKey(model), pool]),
  )
  return [...byPlace]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, alike]) => {
      const { model = '', pool = '' } = alike[0] ?? {}
      return { model: model === '' ? '' : modelKey(model), pool, contracts: alike }
    })
    .sort((a, b) => specificity(b) - specificity(a))
}

/**
 * Free device-ms of each place that somebody pays for: devices under contract less those that are held, never more
 * than are free. A contract that fits several places is served by what is held there first, then takes of each place's
 * free time the same share.
 */
export function soldWithoutJob(
  places: readonly Place[],
  scopes: readonly Scope[],
  span: TimeWindow,
): readonly bigint[] {
  const free = places.map((place) => place.free)
  const held = places.map((place) => place.held)
  for (const scope of scopes) {
    const fits = places.flatMap(({ model, pool }, at) =>
      (scope.model === '' || modelKey(model) === scope.model) &&
      (scope.pool === '' || pool === scope.pool)
        ? [at]
        : [],
    )
    const asked = scope.contracts.reduce((sum, contract) => sum + underContract(contract, span), 0n)
    const unserved = asked - take(held, fits, asked)
    take(free, fits, unserved)
  }
  return places.map((place, at) => place.free - (free[at] ?? 0n))
}

/** Takes up to `wanted` of some amounts, of each its share; the last one makes up for rounding. Returns what it got. */
function take(amounts: bigint[], fits: readonly number[], wanted: bigint): bigint {
  const there = fits.reduce((sum, at) => sum + (amounts[at] ?? 0n), 0n)
  const taken = wanted < there ? wanted : there
  if (taken <= 0n) return 0n
  let [seen, given] = [0n, 0n]
  for (const at of fits) {
    const amount = amounts[at] ?? 0n
    seen += amount
    const part = (taken * seen) / there - given
    given += part
    amounts[at] = amount - part
  }
  return taken
}

function underContract({ devices, from_ms, to_ms }: Contract, span: TimeWindow): bigint {
  const fromMs = Math.max(from_ms, span.fromMs)
  const toMs = Math.min(to_ms ?? span.toMs, span.toMs)
  return toMs > fromMs ? BigInt(devices) * BigInt(toMs - fromMs) : 0n
}
