import type { Figure, ReportWords } from '#schemas/report/figure.ts'
import type { Section } from '#schemas/report/section.ts'
import { figure, partsOfWhole } from '../round.ts'
import { column, section, table } from '../table.ts'
import { CAUSE_TITLES } from '../titles.ts'
import { beforeWords, both, inBoth, periodWords, said } from '../words.ts'
import { comparedTable } from './compared.ts'
import type { BuildInput } from './input.ts'

/** Parts that the line on the first page names; the others are its rest. */
const NAMED = 4

interface Cause {
  readonly title: ReportWords
  readonly points: Figure
  readonly usd: Figure
  readonly busyHours: Figure
}

export interface Causes {
  readonly change: Figure
  readonly changeUsd: Figure
  readonly parts: readonly Cause[]
}

/** The change against the period before, split; null where there is nothing to compare with. */
export function causesOf({ answers }: BuildInput): Causes | null {
  const { explain, before, fleet, known_worth } = answers
  const [now, then] = [fleet.ledger.utilization, before?.ledger.utilization ?? null]
  if (now === null || then === null) return null
  const exact = now - then
  const knownHours = fleet.ledger.known_device_seconds / 3600
  const perHour =
    known_worth.usd === null || known_worth.priced_hours === 0
      ? null
      : known_worth.usd / known_worth.priced_hours
  const usdOf = (points: number) => (perHour === null ? null : points * knownHours * perHour)
  const change = figure('points', exact, { signed: true })
  const changeUsd = figure('usd', usdOf(exact), { signed: true })
  const causes = explain?.causes ?? []
  // What explain leaves, and what the two ways of rounding differ in, is the rest.
  const named = causes.map(({ change_ppm }) => change_ppm / 1e6)
  const rest = exact - named.reduce((sum, value) => sum + value, 0)
  const shares = [...named, rest]
  const points = partsOfWhole('points', shares, exact, { signed: true })
  const total = usdOf(exact)
  const usd =
    total === null
      ? []
      : partsOfWhole(
          'usd',
          shares.map((share) => usdOf(share) ?? 0),
          total,
          { signed: true },
        )
  const missing = figure('usd', null)
  return {
    change,
    changeUsd,
    parts: shares.map((_, at) => {
      const cause = causes[at]
      return {
        title: cause === undefined ? both('rest', '其余') : CAUSE_TITLES[cause.cause],
        points: points[at] ?? change,
        usd: usd[at] ?? missing,
        busyHours: figure('gpu_hours', cause?.busy_device_hours ?? null, {
          signed: true,
          missing: 'none',
        }),
      }
    }),
  }
}

/** `-1.9 points: jobs ended -1.4, drained devices -0.8, … rest -0.1` */
export function causeLine(causes: Causes | null, input: BuildInput): ReportWords {
  if (causes === null)
    return both(
      'Nothing to compare with: no earlier period is known.',
      '无可对比时段：此前没有数据。',
    )
  const { explain } = input.answers
  if (explain === null || explain.change_ppm === null)
    return inBoth((language) =>
      language === 'en'
        ? `${beforeWords(input.kind, input.state === 'so_far').en} ${said(causes.change, 'en')}; not split into causes: hours of devices are not kept for both periods, or they are too long.`
        : `${beforeWords(input.kind, input.state === 'so_far').zh} ${said(causes.change, 'zh')}；未分解原因：两个时段的设备逐小时数据不全，或时段过长。`,
    )
  const named = causes.parts
    .slice(0, -1)
    .slice(0, NAMED)
    .filter(({ points }) => points.value !== 0)
  const others = causes.parts.filter((part) => !named.includes(part))
  const rest = others.reduce((sum, { points }) => sum + (points.value ?? 0), 0)
  // Printed digits are added, so that the line sums as it is read.
  const restFigure = figure('points', rest / 100, { signed: true })
  return inBoth((language) => {
    const parts = named.map(({ title, points }) => `${title[language]} ${points.text}`)
    if (restFigure.value !== 0)
      parts.push(`${language === 'en' ? 'rest' : '其余'} ${restFigure.text}`)
    const [colon, comma] = language === 'en' ? [': ', ', '] : ['：', '，']
    const head = said(causes.change, language)
    return parts.length === 0 ? head : `${head}${colon}${parts.join(comma)}`
  })
}

export function causesSection(causes: Causes | null, input: BuildInput): Section {
  const { explain } = input.answers
  const beside = comparedTable(input)
  const compared = beside === null ? [] : [beside]
  if (causes === null || input.versusId === null)
    return section('causes', compared, {
      state: beside === null ? 'not_known' : 'known',
      lead: [causeLine(causes, input)],
    })
  const versus = input.versusId
  const parts = table('causes', both('Parts of the change', '变化的组成'), {
    columns: [
      column('cause', 'Cause', '原因'),
      column('points', 'Points', '百分点', 'points'),
      column('usd', 'USD', '美元', 'usd'),
      column('busy_hours', 'Busy GPU-hours', '忙碌卡时', 'gpu_hours'),
    ],
    rows: causes.parts.map(({ title, points, usd, busyHours }) => ({
      cause: title,
      points,
      usd,
      busy_hours: busyHours,
    })),
    total: {
      cause: inBoth(
        (language) => `${language === 'en' ? 'Against' : '对比'} ${periodWords(versus, language)}`,
      ),
      points: causes.change,
      usd: causes.changeUsd,
      busy_hours: figure('gpu_hours', null, { missing: 'none' }),
    },
  })
  const contributors = (explain?.causes ?? []).flatMap(({ cause, contributors: told }) =>
    told.slice(0, 3).map((one) => ({
      cause: CAUSE_TITLES[cause],
      name: one.name,
      tenant: one.tenant ?? '',
      points: figure('points', one.change_ppm / 1e6, { signed: true, decimals: 2 }),
      devices: figure('devices', one.devices),
    })),
  )
  const named = table('contributors', both('Largest names behind each', '各原因的主要来源'), {
    columns: [
      column('cause', 'Cause', '原因'),
      column('name', 'Job, place or counter', '作业、位置或计数器'),
      column('tenant', 'Tenant', '租户'),
      column('points', 'Points', '百分点', 'points'),
      column('devices', 'Devices', '设备', 'devices'),
    ],
    rows: contributors,
  })
  return section('causes', [...compared, parts, ...(contributors.length === 0 ? [] : [named])], {
    coverage: figure('percent', input.answers.fleet.ledger.coverage),
    lead: [causeLine(causes, input)],
  })
}
