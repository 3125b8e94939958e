import { LOSS_LINES, type LossLine } from '#schemas/orders.ts'
import type { LossGroup, OwnerFigures } from '#schemas/api-ledger.ts'
import type { Section } from '#schemas/report/section.ts'
import { figure } from '../round.ts'
import { column, section, table } from '../table.ts'
import { HINTS } from '../titles.ts'
import { both } from '../words.ts'
import { type BuildInput, HOUR_S } from './input.ts'
import { moneyParts } from './losses.ts'

/** Against noise: a list of losers that names everybody is read by nobody. */
export const FLOORS = { rows: 15, gpu_hours: 50, share: 0.02 } as const

/** The line that most of a loss is of, by dollars, else by hours. */
export function mainLine({ by_state }: Pick<LossGroup, 'by_state'>): LossLine {
  const weight = (line: LossLine) => by_state[line].usd ?? by_state[line].gpu_hours
  return LOSS_LINES.toSorted((a, b) => weight(b) - weight(a))[0] ?? 'part_busy'
}

/** How often people were told of alerts about a tenant. */
export function toldOften({ answers }: BuildInput, field: 'tenant' | 'job', name: string): number {
  const own = (answers.alerts ?? []).filter(
    ({ alert, told }) => told && alert.labels[field] === name,
  )
  return own.length
}

export function tenantsSection(input: BuildInput): Section {
  const { answers } = input
  const { owners, nobody, fleet } = answers
  const total = fleet.loss.loss_usd.versus_capacity
  const heldHours = (owner: OwnerFigures) => owner.held_device_seconds / HOUR_S
  const isWorth = (owner: OwnerFigures) =>
    heldHours(owner) >= FLOORS.gpu_hours &&
    (owner.loss_usd.versus_capacity ?? 0) >= FLOORS.share * (total ?? 0)
  const listed = owners.filter(isWorth).slice(0, FLOORS.rows)
  const others = owners.filter((owner) => !listed.includes(owner))
  const lostOf = (some: readonly OwnerFigures[]) => {
    const known = some.map(({ loss_usd }) => loss_usd.versus_capacity).filter((usd) => usd !== null)
    return known.length === 0 ? null : known.reduce((sum, usd) => sum + usd, 0)
  }
  const losses = moneyParts(
    [
      ...listed.map((owner) => owner.loss_usd.versus_capacity),
      lostOf(others),
      nobody.loss_usd.versus_capacity,
    ],
    total,
  )
  const none = figure('usd', null, { missing: 'none' })
  const hintOf = mainLines(answers.jobs)
  const rows = listed.map((owner, at) => {
    const earlier = answers.owners_earlier.get(owner.tenant) ?? null
    const trend =
      earlier === null || owner.utilization === null ? null : owner.utilization - earlier
    return {
      tenant: owner.display_name || owner.tenant,
      owner: owner.contact,
      sold: soldFigure([owner]),
      held: figure('gpu_hours', heldHours(owner)),
      idle: figure('gpu_hours', owner.idle_held_device_seconds / HOUR_S),
      utilization: figure('percent', owner.utilization),
      trend: figure('points', trend, { signed: true }),
      lost: losses[at] ?? none,
      told: figure('count', toldOften(input, 'tenant', owner.tenant)),
      hint: HINTS[hintOf.get(owner.tenant) ?? 'part_busy'],
    }
  })
  const sumRow = (
    en: string,
    zh: string,
    own: readonly OwnerFigures[],
    lost: (typeof losses)[number] | undefined,
  ) => ({
    tenant: both(en, zh),
    owner: '',
    sold: soldFigure(own),
    held: figure(
      'gpu_hours',
      own.reduce((sum, owner) => sum + heldHours(owner), 0),
    ),
    idle: figure(
      'gpu_hours',
      own.reduce((sum, owner) => sum + owner.idle_held_device_seconds / HOUR_S, 0),
    ),
    utilization: figure('percent', null, { missing: 'none' }),
    trend: figure('points', null, { missing: 'none' }),
    lost: lost ?? none,
    told: figure('count', null, { missing: 'none' }),
    hint: '',
  })
  return section(
    'tenants',
    [
      table('tenants', both('Tenants', '租户'), {
        columns: [
          column('tenant', 'Tenant', '租户'),
          column('owner', 'Owner', '负责人'),
          column('sold', 'Sold', '已售', 'gpu_hours'),
          column('held', 'Held', '占用', 'gpu_hours'),
          column('idle', 'Idle', '空闲', 'gpu_hours'),
          column('utilization', 'Busy', '忙碌率', 'percent'),
          column('trend', 'Against 4 before', '对比前四期', 'points'),
          column('lost', 'Lost', '损失', 'usd'),
          column('told', 'Told', '已通知', 'count'),
          column('hint', 'Hint', '建议'),
        ],
        rows: [
          ...rows,
          ...(others.length === 0
            ? []
            : [
                sumRow(
                  `${others.length} others`,
                  `其他 ${others.length} 个`,
                  others,
                  losses[listed.length],
                ),
              ]),
          sumRow('Held by nobody', '无人占用', [nobody], losses[listed.length + 1]),
        ],
        total: sumRow('Sum', '合计', [...owners, nobody], figure('usd', total)),
        note: both(
          'Ranked by dollars lost against capacity. Tenants below 50 GPU-hours or 2 % of the loss are among the others.',
          '按相对容量的损失金额排序。不足 50 卡时或损失低于 2 % 的租户计入其他。',
        ),
      }),
    ],
    { coverage: figure('percent', fleet.ledger.coverage) },
  )
}

/** What contracts sold of the period; none where no contract says anything. */
function soldFigure(owners: readonly OwnerFigures[]) {
  const sold = owners.flatMap(({ contract }) => contract?.sold_device_seconds ?? [])
  const hours = sold.reduce((sum, seconds) => sum + seconds, 0) / HOUR_S
  return figure('gpu_hours', sold.length === 0 ? null : hours, { missing: 'none' })
}

/** What most of each tenant's loss is of. */
function mainLines(jobs: readonly LossGroup[]): ReadonlyMap<string, LossLine> {
  const found = new Map<string, Map<LossLine, number>>()
  for (const { key, by_state } of jobs) {
    const tenant = key['tenant'] ?? ''
    const sums = found.get(tenant) ?? new Map<LossLine, number>()
    for (const line of LOSS_LINES)
      sums.set(line, (sums.get(line) ?? 0) + (by_state[line].usd ?? by_state[line].gpu_hours))
    found.set(tenant, sums)
  }
  return new Map(
    [...found].map(([tenant, sums]) => [
      tenant,
      [...sums].toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? 'part_busy',
    ]),
  )
}

export function jobsSection(input: BuildInput): Section {
  const { jobs, owners } = input.answers
  const named = jobs.filter(({ key }) => (key['job'] ?? '') !== '')
  if (named.length === 0)
    return section('jobs', [], {
      state: 'not_known',
      lead: [
        both(
          'No source names jobs, or they are too many for one question.',
          '没有作业来源，或作业过多无法一次查询。',
        ),
      ],
    })
  const displayed = new Map(
    owners.map(({ tenant, display_name }) => [tenant, display_name || tenant]),
  )
  const hours = (job: LossGroup) => job.capacity_device_seconds / HOUR_S
  const lost = (job: LossGroup) => job.loss_usd.versus_capacity ?? -1
  const large = named.filter((job) => hours(job) >= FLOORS.gpu_hours)
  const listed = large
    .toSorted((a, b) => lost(b) - lost(a) || b.lost_gpu_hours - a.lost_gpu_hours)
    .slice(0, FLOORS.rows)
  return section(
    'jobs',
    [
      table('jobs', both('Jobs', '作业'), {
        columns: [
          column('job', 'Job', '作业'),
          column('tenant', 'Tenant', '租户'),
          column('class', 'Class', '类别'),
          column('hours', 'GPU-hours', '卡时', 'gpu_hours'),
          column('utilization', 'Busy', '忙碌率', 'percent'),
          column('lost', 'Lost', '损失', 'usd'),
          column('told', 'Told', '已通知', 'count'),
          column('hint', 'Hint', '建议'),
        ],
        rows: listed.map((job) => ({
          job: job.key['job'] ?? '',
          tenant: displayed.get(job.key['tenant'] ?? '') ?? job.key['tenant'] ?? '',
          class: job.key['class'] ?? '',
          hours: figure('gpu_hours', hours(job)),
          utilization: figure('percent', job.utilization),
          lost: figure('usd', job.loss_usd.versus_capacity),
          told: figure('count', toldOften(input, 'job', job.key['job'] ?? '')),
          hint: HINTS[mainLine(job)],
        })),
        more: named.length - listed.length,
        note: both('Jobs below 50 GPU-hours are not ranked.', '不足 50 卡时的作业不参与排序。'),
      }),
    ],
    { coverage: figure('percent', input.answers.fleet.ledger.coverage) },
  )
}
