import type { WaterfallBar } from '#schemas/report/model.ts'
import type { LossLine } from '#schemas/orders.ts'
import type { ExplainCause } from '#schemas/api-explain.ts'
import type { ReportWords } from '#schemas/report/figure.ts'
import type { SectionId } from '#schemas/report/section.ts'
import { both } from './words.ts'

/** Names of sections, states and causes, as the dashboard has them too. */

export const SECTION_TITLES: Readonly<Record<SectionId, ReportWords>> = {
  waterfall: both('Where the hours went', '卡时去向'),
  hours: both('Hours and zones', '逐小时与区间'),
  causes: both('Why it moved', '变化原因'),
  tenants: both('Tenants by dollars lost', '租户（按损失金额）'),
  jobs: both('Jobs by dollars lost', '作业（按损失金额）'),
  pools: both('Pools and queue', '资源池与排队'),
  energy: both('Energy', '能耗'),
  heat: both('Heat', '散热'),
  alerts: both('Alerts', '告警'),
  quality: both('Data quality', '数据质量'),
  milestone: both('Milestone', '里程碑'),
  unit_cost: both('Cost of a busy hour', '单位忙碌卡时成本'),
  definitions: both('Definitions', '口径'),
}

export const STATE_TITLES: Readonly<Record<WaterfallBar['step'], ReportWords>> = {
  capacity: both('Capacity', '容量'),
  failed: both('Failed', '故障'),
  drained: both('Drained', '下线'),
  verification: both('Verification', '验收'),
  unknown: both('Unknown', '未知'),
  unallocated: both('Unallocated', '未分配'),
  idle_held: both('Held and idle', '占而未用'),
  throttled: both('Throttled', '降频'),
  inefficient: both('Inefficient', '低效'),
  productive: both('Productive', '有效'),
  part_busy: both('Part-busy', '部分忙碌'),
  cut: both('Throttled or inefficient, not busy', '降频或低效中的非忙碌'),
  busy_while_quiet: both('Busy while quiet', '静默中的零星忙碌'),
  busy: both('Busy', '忙碌'),
}

export const LINE_TITLES: Readonly<Record<LossLine, ReportWords>> = {
  failed: STATE_TITLES.failed,
  drained: STATE_TITLES.drained,
  unallocated: STATE_TITLES.unallocated,
  idle_held: STATE_TITLES.idle_held,
  throttled: STATE_TITLES.throttled,
  part_busy: STATE_TITLES.part_busy,
  inefficient: STATE_TITLES.inefficient,
}

export const CAUSE_TITLES: Readonly<Record<ExplainCause, ReportWords>> = {
  jobs_failed: both('jobs failed', '作业失败'),
  jobs_ended: both('jobs ended', '作业结束'),
  jobs_stalled: both('jobs stalled', '作业停滞'),
  jobs_started: both('jobs started', '作业启动'),
  failed: both('failed devices', '设备故障'),
  drained: both('drained devices', '设备下线'),
  verification: both('verification', '验收'),
  throttled: both('throttled', '降频'),
  telemetry_lost: both('telemetry lost', '遥测丢失'),
  measurement_changed: both('measurement changed', '测量方式变化'),
  capacity_changed: both('capacity changed', '容量变化'),
  same_jobs_less_efficient: both('same jobs less efficient', '同一作业效率下降'),
  same_jobs_more_efficient: both('same jobs more efficient', '同一作业效率提高'),
}

/** One hint for what a line of losses is mostly made of. */
export const HINTS: Readonly<Record<LossLine, ReportWords>> = {
  failed: both('Repair or replace; ask for the date', '维修或更换；确认日期'),
  drained: both('Bring back what was taken out', '恢复已下线设备'),
  unallocated: both('Nobody holds it: schedule or sell', '无人占用：调度或出售'),
  idle_held: both(
    'Held and quiet: give back, or release at the end of a job',
    '占而未用：归还，或作业结束即释放',
  ),
  throttled: both('Clocks are cut: look at cooling and power', '降频：检查散热与供电'),
  part_busy: both(
    'Busy in part: data loading, small batches, waiting for others',
    '部分忙碌：检查数据加载、批大小、等待',
  ),
  inefficient: both(
    'Busy with little arithmetic: look at kernels and precision',
    '忙而低效：检查算子与精度',
  ),
}
