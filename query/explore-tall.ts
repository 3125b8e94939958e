import { EXPLORE_GROUPS_MAX } from '#schemas/api-explore.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Askable } from './explore-metrics.ts'
import {
  type ExploreFinding,
  type ExploreQuestion,
  gridOf,
  gridParams,
  groupsOf,
  leastStepMs,
} from './explore-groups.ts'
import { parseFilters, parseGroupBy } from './filters.ts'
import { type FleetDeps, settledWindow } from './fleet.ts'
import { exploreHeld, exploreMeters, exploreNodes } from './queries/explore.ts'
import { iso } from './window.ts'

type TallAskable = Extract<Askable, { readonly from: 'device' | 'node' | 'meter' }>

const LIMITS = { maxRowsToRead: 60_000_000 } as const

/** Samples of nodes and of meters. */
export async function readTall(
  deps: FleetDeps,
  { from, definition, metric }: TallAskable,
  question: ExploreQuestion,
): Promise<ExploreFinding> {
  const { window, published } = await settledWindow(deps, question)
  const [row] = await exploreHeld.run(deps.reader, {})
  const held = (from === 'meter' ? row?.meter_ms : row?.node_ms) ?? null
  if (held === null || held >= window.toMs)
    throw new PlimsollError(
      'E_RANGE_INVALID',
      held === null
        ? `no ${from} has told a sample yet`
        : `samples of ${from}s are kept from ${iso(held)} on`,
    )
  const isCounter = definition.kind === 'counter'
  const grid = gridOf(window, question.points, leastStepMs(isCounter))
  const params = {
    ...gridParams(window, grid),
    stat: question.stat,
    groups_max: EXPLORE_GROUPS_MAX,
    metric: definition.name,
    is_counter: Number(isCounter),
  }
  const rows =
    from === 'meter'
      ? await exploreMeters.run(
          deps.reader,
          {
            ...params,
            by_meter: Number(question.groupBy === 'meter'),
            ...meterFilters(question.filters),
          },
          LIMITS,
        )
      : await exploreNodes.run(
          deps.reader,
          {
            ...params,
            ...nodeFilters(question.filters, metric.fields),
            k1: parseGroupBy(question.groupBy)[0] ?? 'none',
          },
          LIMITS,
        )
  return {
    window,
    grid,
    settledUntilMs: published.settledUntilMs,
    isProvisional: false,
    resolution: 'raw',
    per: 'reading',
    places: from === 'meter' ? 'none' : 'now',
    heldFromMs: held > window.fromMs ? held : null,
    groups: groupsOf(rows, {
      grid,
      window,
      isGrouped: question.groupBy !== undefined,
      capacity: 'of_speakers',
    }),
    groupsTotal: rows[0]?.groups_total ?? 0,
  }
}

function nodeFilters(texts: readonly string[], fields: readonly string[]) {
  const filters = parseFilters(texts)
  const unknown = filters.fields.find((field) => !fields.includes(field))
  if (unknown === undefined) return filters.params
  throw new PlimsollError(
    'E_FILTER_INVALID',
    `nodes cannot be filtered by ${unknown}; fields: ${fields.join(', ')}`,
  )
}

/** `meter:eq:x`, `meter:in:a,b`, `meter:prefix:pdu-`. */
function meterFilters(texts: readonly string[]): { meters: string[]; prefix: string } {
  const found = { meters: new Array<string>(), prefix: '' }
  for (const text of texts) {
    const match = /^meter:(eq|in|prefix):(.{1,4000})$/s.exec(text)
    const [, operator, value = ''] = match ?? []
    if (operator === undefined)
      throw new PlimsollError(
        'E_FILTER_INVALID',
        `meters are filtered by meter:eq:, meter:in: or meter:prefix:, not ${JSON.stringify(text.slice(0, 60))}`,
      )
    if (operator === 'prefix') found.prefix = value
    else found.meters.push(...(operator === 'in' ? value.split(',').slice(0, 100) : [value]))
  }
  return found
}
