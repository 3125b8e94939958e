import type { Section } from '#schemas/report/section.ts'
import { figure } from '../round.ts'
import { column, figures, section, table } from '../table.ts'
import { both, dayWords, inBoth } from '../words.ts'
import { standstills, type Stretch, telemetryOutages } from './gaps.ts'
import { type BuildInput, HOUR_S } from './input.ts'

/** What the figures stand on, and what changed since they were first given. */
export function qualitySection(input: BuildInput): Section {
  const { answers, smallChanges } = input
  const { ledger, loss } = answers.fleet
  const { minutes } = answers
  return section(
    'quality',
    [
      figures('known', both('How much is known', '已知程度'), [
        {
          what: both('GPU-hours known', '已知卡时'),
          figure: figure('gpu_hours', ledger.known_device_seconds / HOUR_S),
          remark: '',
        },
        {
          what: both('GPU-hours unknown', '未知卡时'),
          figure: figure('gpu_hours', ledger.ledger.unknown / HOUR_S),
          remark: both('not priced', '不计价'),
        },
        {
          what: both('Utilization at least', '忙碌率下限'),
          figure: figure('percent', ledger.util_lo),
          remark: both('unknown as idle', '未知按空闲计'),
        },
        {
          what: both('Utilization at most', '忙碌率上限'),
          figure: figure('percent', ledger.util_hi),
          remark: both('unknown as busy', '未知按忙碌计'),
        },
        {
          what: both('GPU-hours without a price', '无单价卡时'),
          figure: figure('gpu_hours', loss.unpriced_hours),
          remark: '',
        },
        {
          what: both('Somebody speaks of holders', '有占用来源'),
          figure: figure('percent', answers.tiers.tiers.allocated.coverage),
          remark: '',
        },
      ]),
      stretchTable('outages', ['Telemetry missing', '遥测缺失'], telemetryOutages(minutes), input),
      stretchTable(
        'standstills',
        [
          'Heard of, and nothing ran: counted as idle, not as downtime',
          '可见但全部空转：计为空闲而非停机',
        ],
        standstills(minutes),
        input,
      ),
      table('restatements', both('Minutes settled again', '重新结算的分钟'), {
        columns: [
          column('reason', 'Why', '原因'),
          column('minutes', 'Minutes', '分钟'),
          column('known', 'Known', '已知', 'gpu_hours'),
          column('busy', 'Busy', '忙碌', 'gpu_hours'),
        ],
        rows: answers.restatements.map((one) => ({
          reason: one.reason,
          minutes: figure('count', one.minutes),
          known: figure('gpu_hours', one.known_change_hours, { signed: true, decimals: 1 }),
          busy: figure('gpu_hours', one.busy_change_hours, { signed: true, decimals: 1 }),
        })),
      }),
      table(
        'changed_before',
        both('What late data changed of the report before', '迟到数据对上期报告的修正'),
        {
          columns: [
            column('what', 'Figure', '指标'),
            column('before', 'Issued', '原值'),
            column('after', 'Now', '现值'),
            column('why', 'Why', '原因'),
          ],
          rows: smallChanges.map(({ what, before, after, why }) => ({ what, before, after, why })),
          note: both(
            'Too small for a revision: below 0.05 points and $500.',
            '低于 0.05 个百分点且不足 $500，不另发修订。',
          ),
        },
      ),
    ],
    { coverage: figure('percent', ledger.coverage, { decimals: 2 }) },
  )
}

const STRETCHES_MAX = 20

function stretchTable(
  id: string,
  [en, zh]: readonly [string, string],
  stretches: readonly Stretch[],
  { calendar }: BuildInput,
) {
  return table(id, both(en, zh), {
    columns: [
      column('from', 'From', '开始'),
      column('at', 'Begins', '起始时间'),
      column('length', 'Length', '时长', 'minutes'),
    ],
    rows: stretches.slice(0, STRETCHES_MAX).map(({ fromMs, minutes }) => ({
      from: inBoth((language) => dayWords(calendar.local(fromMs).date, language)),
      at: new Date(fromMs).toISOString(),
      length: figure('minutes', minutes),
    })),
    more: Math.max(0, stretches.length - STRETCHES_MAX),
  })
}
