import { REANCHOR_BEYOND_MS } from '../../clock.ts'
import type { ClockFacts, Facts } from '../facts.ts'
import { type Finding, listed, type OpenFinding, type Status, text } from '../finding.ts'

/** Samples of one second land in the wrong cell beyond this, ms. */
const NOTICEABLE_MS = 2000

/** This machine's clock against its time service and against the clocks of others. */
export function checkClock({ clock }: Facts): Finding[] {
  return [...serviceFindings(clock), ...peerFindings(clock)]
}

const WHY = text(
  'samples carry the time of the collector: a wrong clock puts them into wrong minutes and days, and beyond 30 s a correction breaks the series',
  '样本带有采集器的时间：时钟错误会把样本放进错误的分钟和日期；超过 30 秒的校正会使序列中断',
)
const FIX = text(
  'start and check the time service: chronyc tracking, timedatectl; in a container it is that of the host',
  '启动并检查时间服务：chronyc tracking、timedatectl；容器使用主机的时间',
)

const gradeOf = (offsetMs: number): Exclude<Status, 'ok'> =>
  Math.abs(offsetMs) > REANCHOR_BEYOND_MS ? 'problem' : 'warning'

const signed = (ms: number) => `${ms > 0 ? '+' : ''}${Math.round(ms / 10) / 100} s`

function serviceFindings({ service }: ClockFacts): Finding[] {
  if (service === null)
    return [
      {
        id: 'time-service',
        status: 'info',
        subject: '',
        seen: text(
          'neither chronyc nor timedatectl answers here',
          '此处 chronyc 和 timedatectl 均无应答',
        ),
        why: WHY,
        fix: FIX,
      },
    ]
  const { tool, isSynchronized, offsetMs } = service
  const offset = offsetMs === null ? '' : `, ${signed(offsetMs)}`
  const isOff = offsetMs !== null && Math.abs(offsetMs) > NOTICEABLE_MS
  if (isSynchronized !== false && !isOff)
    return [
      {
        id: 'time-service',
        status: 'ok',
        subject: tool,
        seen: text(`synchronized${offset}`, `已同步${offset}`),
      },
    ]
  return [
    {
      id: 'time-service',
      status: isOff ? gradeOf(offsetMs) : 'warning',
      subject: tool,
      seen:
        isSynchronized === false
          ? text(`not synchronized${offset}`, `未同步${offset}`)
          : text(`off by${offset.slice(1)}`, `偏差${offset.slice(1)}`),
      why: WHY,
      fix: FIX,
    },
  ]
}

function peerFindings({ peers }: ClockFacts): Finding[] {
  if (peers.length === 0) return []
  const off = peers.filter(
    ({ offsetMs, uncertaintyMs }) => Math.abs(offsetMs) > NOTICEABLE_MS + uncertaintyMs,
  )
  if (off.length === 0)
    return [
      {
        id: 'clock-skew',
        status: 'ok',
        subject: '',
        seen: text(`${peers.length} other clock(s) agree`, `与其他 ${peers.length} 个时钟一致`),
      },
    ]
  // Most of several others agree with each other and not with us: then it is this clock.
  const isOurs = peers.length > 1 && off.length > peers.length / 2
  const worst = off.reduce((a, b) => (Math.abs(b.offsetMs) > Math.abs(a.offsetMs) ? b : a))
  const names = listed(off.map(({ name, offsetMs }) => `${name} ${signed(-offsetMs)}`))
  const finding: OpenFinding = {
    id: 'clock-skew',
    status: gradeOf(worst.offsetMs),
    subject: isOurs ? '' : worst.name,
    seen: text(
      `${off.length} / ${peers.length} clocks differ from this one: ${names.en}`,
      `${off.length} / ${peers.length} 个时钟与本机不同：${names.zh}`,
    ),
    why: WHY,
    fix: isOurs
      ? text(
          `most others agree: this machine's clock is wrong; ${FIX.en}`,
          `其他时钟大多一致：本机时钟有误；${FIX.zh}`,
        )
      : text(
          `compare both with a third clock; on the wrong one: ${FIX.en}`,
          `与第三个时钟比较；在有误的机器上：${FIX.zh}`,
        ),
  }
  return [finding]
}
