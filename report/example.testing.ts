import { ReportModel, type WaterfallBar } from '#schemas/report/model.ts'
import { SECTION_IDS, type Section } from '#schemas/report/section.ts'
import { figure, partsOfWhole } from './round.ts'

/** A report as it may look, for the tests of formats: 50,000 devices at 71.4 % in a week with an outage of telemetry. */

const HOUR_MS = 3_600_000
const FROM_MS = Date.UTC(2026, 10, 15, 16)
const HOURS = 168
const iso = (ms: number) => new Date(ms).toISOString()
const both = (en: string, zh: string) => ({ en, zh })

const STEPS = [
  ['capacity', '在册', 'Capacity', 8_400_000, null],
  ['failed', '故障', 'Failed', -84_210.4, 168_420.8],
  ['drained', '下线', 'Drained', -126_000.2, 252_000.4],
  ['verification', '验收', 'Verification', -12_000, null],
  ['unknown', '未知', 'Unknown', -67_104, null],
  ['unallocated', '未分配', 'Unallocated', -655_300.3, 1_310_600.6],
  ['idle_held', '占而未用', 'Held and idle', -420_000.5, 840_001],
  ['part_busy', '部分忙碌', 'Part-busy', -1_097_441, 2_194_882],
  ['busy_while_quiet', '空闲中的零星忙碌', 'Busy while quiet', 4_056.4, null],
  ['busy', '忙碌', 'Busy', 5_942_000, null],
] as const

function waterfall(): WaterfallBar[] {
  const inner = STEPS.slice(1, -1).map(([, , , hours]) => hours)
  const parts = partsOfWhole('gpu_hours', inner, 5_942_000 - 8_400_000)
  return STEPS.map(([step, zh, en, hours, usd], at) => ({
    step,
    title: both(en, zh),
    gpu_hours: parts[at - 1] ?? figure('gpu_hours', hours),
    usd: usd === null ? null : figure('usd', usd),
    share: Math.abs(hours) / 8_400_000,
  }))
}

const heatMap = () =>
  Array.from({ length: HOURS }, (_, at) => {
    const isSilent = at >= 50 && at < 53
    const isLow = at >= 100 && at < 103
    return {
      from: iso(FROM_MS + at * HOUR_MS),
      local_date: `2026-11-${String(16 + Math.floor(at / 24))}`,
      local_hour: at % 24,
      utilization: isSilent ? null : isLow ? 0.57 : 0.66 + ((at * 7) % 24) / 200,
      coverage: isSilent ? 0 : 1,
      below: {
        danger: isLow ? 52 : 0,
        warn: isLow ? 60 : at % 5,
        target: isSilent ? 0 : 60 - (at % 24),
      },
      unknown_minutes: isSilent ? 60 : 0,
    }
  })

const section = (
  id: Section['id'],
  title: Section['title'],
  tables: Section['tables'] = [],
): Section => ({
  id,
  title,
  state: tables.length === 0 ? 'not_entered' : 'known',
  coverage: tables.length === 0 ? null : figure('percent', 0.992),
  lead: [],
  tables,
})

const TITLES: Readonly<Record<Section['id'], readonly [string, string]>> = {
  waterfall: ['Where the hours went', '卡时去向'],
  hours: ['Hours of the week', '逐小时'],
  causes: ['Why it moved', '变化原因'],
  tenants: ['Tenants', '租户'],
  jobs: ['Jobs', '作业'],
  pools: ['Pools and queue', '资源池与排队'],
  energy: ['Energy', '能耗'],
  heat: ['Heat', '散热'],
  alerts: ['Alerts', '告警'],
  quality: ['Data quality', '数据质量'],
  milestone: ['Milestone', '里程碑'],
  unit_cost: ['Cost of a busy hour', '单位忙碌卡时成本'],
  definitions: ['Definitions', '口径'],
}

const TENANT_ROWS = [
  ['videogen-7', '文生视频七组', 1_240_800, 0.784, 268_012, -0.02],
  ['llm-pretrain', '大模型预训练', 3_904_100, 0.861, 210_450, 0.013],
  ['=cmd|evil', '+86 名称', 40_200, 0.121, 70_672, -0.31],
] as const

const tenants = (): Section['tables'][number] => ({
  id: 'tenants',
  title: both('Tenants by dollars lost', '按损失金额排序的租户'),
  columns: [
    { id: 'tenant', title: both('Tenant', '租户'), unit: null },
    { id: 'held', title: both('Held', '占用'), unit: 'gpu_hours' },
    { id: 'utilization', title: both('Busy', '忙碌率'), unit: 'percent' },
    { id: 'lost', title: both('Lost', '损失'), unit: 'usd' },
    { id: 'trend', title: both('Against 4 weeks', '对比四周'), unit: 'points' },
    { id: 'hint', title: both('Hint', '建议'), unit: null },
  ],
  rows: TENANT_ROWS.map(([en, zh, held, busy, lost, trend]) => ({
    tenant: both(en, zh),
    held: figure('gpu_hours', held),
    utilization: figure('percent', busy),
    lost: figure('usd', lost),
    trend: figure('points', trend, { signed: true }),
    hint: both('Idle for hours at night: give devices back', '夜间长时间空闲：归还设备'),
  })),
  total: null,
  more: 4,
  note: both(
    'Tenants below 2 % of the loss and 50 GPU-hours are left out.',
    '损失低于 2 % 且不足 50 卡时的租户未列出。',
  ),
})

export function exampleReport(): ReportModel {
  const utilization = 0.71384
  const tables = { tenants: [tenants()] }
  return ReportModel.parse({
    week: '2026-W47',
    revision: 1,
    from: iso(FROM_MS),
    to: iso(FROM_MS + HOURS * HOUR_MS),
    utilization,
    coverage: 0.992,
    definition: '2026.1',
    kind: 'week',
    state: 'whole',
    time_zone: 'Asia/Shanghai',
    hours: HOURS,
    site: 'Ulanqab 1',
    simulated: true,
    title: both('Week 47 of 2026', '2026 年第 47 周'),
    versus: { week: '2026-W46', from: iso(FROM_MS - HOURS * HOUR_MS), to: iso(FROM_MS) },
    page: {
      verdict: both(
        'Week 47: 71.4 % busy. Target 75 %: 3.6 points short, 302,400 GPU-hours, $604,800. Under 60 % for 2 h 35 min. Last week -1.9 points (-$319,200). 99.2 % of hours known: true value 70.8-71.6 %. Sold 92 %, used 71 %. Telemetry was silent for 3 h on 18 November.',
        '第 47 周：忙碌率 71.4 %。目标 75 %：差 3.6 个百分点，302,400 卡时，$604,800。低于 60 % 共 2 小时 35 分。较上周 -1.9 个百分点（-$319,200）。99.2 % 的卡时已知：真实值 70.8-71.6 %。已售 92 %，使用 71 %。11 月 18 日遥测中断 3 小时。',
      ),
      cause_line: both(
        '-1.9 points: jobs ended -1.4, drained -0.8, same jobs more efficient +0.4, rest -0.1',
        '-1.9 个百分点：作业结束 -1.4，下线 -0.8，同一作业效率提高 +0.4，其余 -0.1',
      ),
      data_line: both(
        '99.2 % of hours known; 67,104 GPU-hours unknown, not priced',
        '99.2 % 的卡时已知；67,104 卡时未知，不计价',
      ),
      numbers: [
        {
          name: 'utilization',
          label: both('Busy', '忙碌率'),
          figure: figure('percent', utilization),
        },
        {
          name: 'short_points',
          label: both('Short of target', '距目标'),
          figure: figure('points', 0.036),
        },
        {
          name: 'short_gpu_hours',
          label: both('GPU-hours short', '差额卡时'),
          figure: figure('gpu_hours', 302_400),
        },
        {
          name: 'short_usd',
          label: both('Dollars short', '差额金额'),
          figure: figure('usd', 604_800),
        },
        {
          name: 'minutes_below_danger',
          label: both('Under 60 %', '低于 60 %'),
          figure: figure('minutes', 155),
        },
        {
          name: 'change_points',
          label: both('Against last week', '较上周'),
          figure: figure('points', -0.019, { signed: true }),
        },
        {
          name: 'change_usd',
          label: both('In dollars', '折合'),
          figure: figure('usd', -319_200, { signed: true }),
        },
        { name: 'coverage', label: both('Known', '已知'), figure: figure('percent', 0.992) },
      ],
      actions: [
        {
          id: 'idle-tenant-videogen-7',
          kind: 'idle_tenant',
          subject: 'videogen-7',
          owner: both('Chen Wei <chen.wei@site.example>', '陈伟 <chen.wei@site.example>'),
          words: both(
            'Give back 128 devices that stand idle at night',
            '归还夜间空闲的 128 台设备',
          ),
          due: '2026-11-30',
          cost: figure('usd', 82_000),
          promised: figure('usd', 41_000),
        },
      ],
      last_actions: [
        {
          id: 'drained-h2-r17',
          kind: 'drained',
          subject: 'h2-r17',
          owner: both('Operations', '运维'),
          words: both('Bring rack h2-r17 back', '恢复机柜 h2-r17'),
          due: '2026-11-22',
          cost: figure('usd', 82_000),
          promised: figure('usd', 41_000),
          state: 'partly',
          returned: figure('usd', 28_600),
          result: both('promised $41,000, returned $28,600', '承诺 $41,000，收回 $28,600'),
        },
      ],
    },
    card: both(
      'Week 47: 71.4 % busy. Target 75 %: 3.6 points short.',
      '第 47 周：忙碌率 71.4 %。目标 75 %：差 3.6 个百分点。',
    ),
    waterfall: waterfall(),
    heat_map: heatMap(),
    holidays: [{ date: '2026-11-18', name: both('Founding day', '建厂日') }],
    costs: [],
    changes: [],
    sections: SECTION_IDS.map((id) => {
      const [en, zh] = TITLES[id]
      return section(id, both(en, zh), id === 'tenants' ? tables.tenants : [])
    }),
    sources: {
      query_ids: ['fleet-group-sums', 'ledger-device-count'],
      queries_hash: 'e'.repeat(64),
      settled_until: iso(FROM_MS + (HOURS + 6) * HOUR_MS),
      states_final_until: iso(FROM_MS + (HOURS + 4) * HOUR_MS),
      journal: 512,
      prices: 12,
      contracts: 13,
      owners: 14,
      facility_entries: 3,
      cost_book: null,
      inventory_entries: 25,
    },
  })
}
