import type { ExploreAnswer } from '#schemas/api-explore.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Owner } from '#schemas/journal.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { readDevices } from './explore-devices.ts'
import { readFleet } from './explore-fleet.ts'
import type { ExploreFinding, ExploreQuestion } from './explore-groups.ts'
import { askable, type Askable } from './explore-metrics.ts'
import { readTall } from './explore-tall.ts'
import type { FleetDeps } from './fleet.ts'
import { namesOf } from './tenant-names.ts'
import { iso, isoOrNull } from './window.ts'

export type ExploreDeps = FleetDeps & {
  readonly documents: () => Promise<{ readonly owners: readonly Owner[] }>
}

/**
 * GET /api/v1/explore/series. Throws E_METRIC_UNKNOWN, E_BAD_REQUEST for a statistic that the metric does not have,
 * E_FILTER_INVALID for a field it is not kept by, E_RANGE_INVALID for a window before the oldest reading, E_QUERY_TOO_LARGE
 * with what would make it small enough, and the reader's errors.
 */
export async function explore(
  deps: ExploreDeps,
  question: ExploreQuestion,
): Promise<ExploreAnswer> {
  const asked = askable(question.metric)
  const { metric } = asked
  if (!metric.stats.includes(question.stat))
    throw new PlimsollError(
      'E_BAD_REQUEST',
      `${metric.name} has no ${question.stat}: it is told as ${metric.stats.join(' or ')}`,
    )
  const groupBy = question.groupBy === '' ? undefined : question.groupBy
  if (groupBy !== undefined && !metric.fields.includes(groupBy))
    throw new PlimsollError(
      'E_FILTER_INVALID',
      `${metric.name} cannot be grouped by ${JSON.stringify(groupBy.slice(0, 60))}; fields: ${metric.fields.join(', ')}`,
    )
  const found = await read(deps, asked, { ...question, groupBy })
  const tenants = groupBy === 'tenant' ? found.groups.map(({ key }) => key ?? '') : []
  return {
    definition: DEFINITION_SET,
    simulated: deps.simulated,
    settled_until: isoOrNull(found.settledUntilMs),
    from: iso(found.window.fromMs),
    to: iso(found.window.toMs),
    provisional: found.isProvisional,
    resolution: found.resolution,
    per: found.per,
    held_from: isoOrNull(found.heldFromMs),
    places: found.places,
    metric,
    stat: question.stat,
    group_by: groupBy ?? null,
    t0: found.grid.t0Ms,
    step_ms: found.grid.stepMs,
    groups: [...found.groups],
    groups_total: found.groupsTotal,
    ...(tenants.length === 0 ? {} : { names: await namesOf(deps.documents, tenants) }),
  }
}

function read(
  deps: ExploreDeps,
  asked: Askable,
  question: ExploreQuestion,
): Promise<ExploreFinding> {
  if (asked.from === 'fleet' || asked.from === 'state') return readFleet(deps, asked, question)
  if (asked.from === 'device') return readDevices(deps, asked.definition, question)
  return readTall(deps, asked, question)
}
