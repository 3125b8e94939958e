import type { Section } from '#schemas/report/section.ts'
import { column, section, table } from '../table.ts'
import { both } from '../words.ts'
import type { BuildInput } from './input.ts'

const DEFINITIONS = [
  [
    'Utilization',
    '忙碌率',
    'busy time / known time, sums over all devices of capacity divided once; never an average of averages',
    '忙碌时间 ÷ 已知时间，对全部在册设备求和后相除一次；不对平均值求平均',
  ],
  ['Coverage', '覆盖率', 'known time / capacity without verification', '已知时间 ÷ 除验收外的容量'],
  ['Bounds', '上下界', 'unknown time as idle, and as busy', '未知时间分别按空闲与忙碌计'],
  [
    'Lost against capacity',
    '相对容量的损失',
    'failed, drained, unallocated, held and idle, throttled, part-busy and inefficient time at its dated price',
    '故障、下线、未分配、占而未用、降频、部分忙碌与低效时间 × 当期单价',
  ],
  ['Short of target', '距目标', '0.75 x known - busy', '0.75 × 已知 − 忙碌'],
  [
    'Held and idle',
    '占而未用',
    'held and below 5 % busy for 15 min (interactive 60, serving 120)',
    '被占用且低于 5 % 达 15 分钟（交互 60，推理 120）',
  ],
  [
    'Below a line',
    '低于某线',
    'settled minutes whose fleet utilization is below it; in periods of more than 32 days closed five-minute slices',
    '全局忙碌率低于该线的已结算分钟；超过 32 天的时段为已闭合的五分钟片',
  ],
  ['Sold', '已售', 'devices under contract x time / capacity', '合同设备 × 时间 ÷ 容量'],
  [
    'PUE',
    'PUE',
    'energy into the site / energy into IT over the same quarter hours; iPUE under 12 months, with its category',
    '同一刻钟内全站能耗 ÷ IT 能耗；不足 12 个月记为 iPUE 并注明类别',
  ],
  [
    'Change',
    '变化',
    'split by docs/explain.md; parts and rest sum as printed',
    '按 docs/explain.md 分解；各部分与其余按所印数字相加',
  ],
  [
    'Promised',
    '承诺',
    'half of what it cost in the period; returned: what it cost then less what it costs now',
    '本期成本的一半；收回：当时成本 − 现在成本',
  ],
] as const

export function definitionsSection({ answers }: BuildInput): Section {
  const { sources, definition } = answers
  const entry = (sequence: number | null) =>
    sequence === null ? both('not entered', '未录入') : String(sequence)
  const texts = [
    [both('Definition set', '口径版本'), definition],
    [both('Settled until', '结算至'), sources.settled_until ?? ''],
    [both('States final until', '状态定稿至'), sources.states_final_until ?? ''],
    [both('Journal entry', '日志条目'), String(sources.journal)],
    [both('Prices of entry', '单价条目'), entry(sources.prices)],
    [both('Contracts of entry', '合同条目'), entry(sources.contracts)],
    [both('Owners of entry', '负责人条目'), entry(sources.owners)],
    [both('Cost book of entry', '成本账条目'), entry(sources.cost_book)],
    [both('Queries', '查询'), sources.query_ids.join(', ')],
    [both('SHA-256 of the queries', '查询的 SHA-256'), sources.queries_hash],
  ] as const
  return section('definitions', [
    table('definitions', both('What the figures mean', '指标含义'), {
      columns: [column('name', 'Figure', '指标'), column('meaning', 'Meaning', '含义')],
      rows: DEFINITIONS.map(([en, zh, meaning, sense]) => ({
        name: both(en, zh),
        meaning: both(meaning, sense),
      })),
    }),
    table('sources', both('What they were made from', '数据来源'), {
      columns: [column('name', 'Source', '来源'), column('value', 'Value', '值')],
      rows: texts.map(([name, value]) => ({ name, value })),
    }),
  ])
}
