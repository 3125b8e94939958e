import type { LossGroup, Money } from '#schemas/api-ledger.ts'
import type { QueueFacts, SideBySide } from '#schemas/report/facts.ts'
import type { Section, Table } from '#schemas/report/section.ts'
import { figure } from '../round.ts'
import { column, section, table } from '../table.ts'
import { both, inBoth, said } from '../words.ts'
import { type BuildInput, HOUR_S } from './input.ts'

const MINUTE_MS = 60_000
const QUEUES_MAX = 20

/** Pools by what they lost, and what waited in queues while devices of theirs were free. */
export function poolsSection({ answers }: BuildInput): Section {
  const { pools, queue, fleet } = answers
  const losses = new Map(pools.map(({ ledger, loss }) => [ledger.key['pool'] ?? '', loss]))
  return section(
    'pools',
    [
      table('pools', both('Pools', '资源池'), {
        columns: [
          column('pool', 'Pool', '资源池'),
          column('hours', 'Capacity', '容量', 'gpu_hours'),
          column('utilization', 'Busy', '忙碌率', 'percent'),
          column('coverage', 'Known', '已知', 'percent'),
          column('unallocated', 'Unallocated', '未分配', 'gpu_hours'),
          column('idle', 'Held and idle', '占而未用', 'gpu_hours'),
          column('lost', 'Lost', '损失', 'usd'),
        ],
        rows: pools
          .toSorted(
            (a, b) =>
              (b.loss.loss_usd.versus_capacity ?? -1) - (a.loss.loss_usd.versus_capacity ?? -1),
          )
          .map(({ ledger, loss }) => ({
            pool: ledger.key['pool'] || both('without a pool', '未分池'),
            hours: figure('gpu_hours', ledger.capacity_device_seconds / HOUR_S),
            utilization: figure('percent', ledger.utilization),
            coverage: figure('percent', ledger.coverage),
            unallocated: figure('gpu_hours', ledger.ledger.unallocated / HOUR_S),
            idle: figure('gpu_hours', ledger.ledger.idle_held / HOUR_S),
            lost: figure('usd', loss.loss_usd.versus_capacity),
          })),
      }),
      ...(queue === null ? [] : [waitingTable(queue, fleet.loss, losses), queueTable(queue)]),
    ],
    { coverage: figure('percent', fleet.ledger.coverage), lead: [lead(queue)] },
  )
}

function lead(queue: QueueFacts | null) {
  if (queue === null)
    return both(
      'Waiting jobs are not known: no scheduler was heard, so idle beside waiting cannot be told.',
      '排队情况未知：未收到调度器数据，无法判断空闲与排队并存。',
    )
  const heard = figure('percent', queue.heard)
  return inBoth((language) =>
    language === 'en'
      ? `Schedulers were heard in ${said(heard, language)} of the period.`
      : `本期 ${said(heard, language)} 的时间收到调度器数据。`,
  )
}

/** Free devices at the mean price that the pool's free time has in /loss. */
function usdOf(hours: number, { gpu_hours, usd }: Money): number | null {
  if (hours === 0) return 0
  return usd === null || gpu_hours === 0 ? null : (hours * usd) / gpu_hours
}

function waitingTable(
  { pools, fleet }: QueueFacts,
  all: LossGroup,
  losses: ReadonlyMap<string, LossGroup>,
): Table {
  const line = (side: SideBySide, loss: LossGroup | undefined) => ({
    waiting: figure('gpu_hours', side.waiting_hours),
    free: figure('gpu_hours', side.free_hours),
    beside: figure('gpu_hours', side.free_while_waiting_hours),
    usd: figure(
      'usd',
      loss === undefined ? null : usdOf(side.free_while_waiting_hours, loss.by_state.unallocated),
    ),
  })
  return table('waiting', both('Free while others waited', '空闲与排队并存'), {
    columns: [
      column('pool', 'Pool', '资源池'),
      column('waiting', 'Waited for', '排队需求', 'gpu_hours'),
      column('free', 'Held by nobody', '无人占用', 'gpu_hours'),
      column('beside', 'Free while others waited', '空闲与排队并存', 'gpu_hours'),
      column('usd', 'Worth', '价值', 'usd'),
    ],
    rows: [
      ...pools
        .toSorted((a, b) => b.free_while_waiting_hours - a.free_while_waiting_hours)
        .map((one) => ({ pool: one.pool, ...line(one, losses.get(one.pool)) })),
      { pool: both('All queues beside all devices', '全部队列对全部设备'), ...line(fleet, all) },
    ],
    note: both(
      'At most so much could have run: quarter by quarter of an hour the smaller of both. Whether a job fits is not judged. A queue is of the pool that it is named after.',
      '为可运行的上限：逐刻钟取两者较小值，不判断作业是否放得下。队列归属同名资源池。',
    ),
  })
}

function queueTable({ queues }: QueueFacts): Table {
  const minutes = (ms: number | null) =>
    figure('minutes', ms === null ? null : ms / MINUTE_MS, { missing: 'none' })
  return table('queues', both('Queues', '队列'), {
    columns: [
      column('queue', 'Queue', '队列'),
      column('cluster', 'Cluster', '集群'),
      column('waiting', 'Waited for', '排队需求', 'gpu_hours'),
      column('started', 'Jobs started', '启动作业', 'count'),
      column('p50', 'Median wait', '等待中位数', 'minutes'),
      column('p95', '95 % waited less', '95 % 等待不超过', 'minutes'),
    ],
    rows: queues.slice(0, QUEUES_MAX).map((one) => ({
      queue: one.queue || both('without a name', '未命名'),
      cluster: one.cluster,
      waiting: figure('gpu_hours', one.waiting_hours),
      started: figure('count', one.started),
      p50: minutes(one.wait_ms_p50),
      p95: minutes(one.wait_ms_p95),
    })),
    more: Math.max(0, queues.length - QUEUES_MAX),
  })
}
