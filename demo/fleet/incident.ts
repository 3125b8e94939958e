/**
 * The incident the demo plays: a cooling loop loses flow, its devices heat up and throttle, the large job
 * dies, flow returns, the job does not, the fleet stays under 60 %, the job restarts. Pure function of the
 * time since its start.
 */

export const INCIDENT_MS = 25 * 60_000

/** When the large job dies, seconds since the start. */
const DEAD_FROM_S = 150
/**
 * For how long. Twenty minutes hold three whole five-minute slices wherever they begin: as many as the page
 * of a zone needs.
 */
const DEAD_S = 20 * 60
const BACK_S = DEAD_FROM_S + DEAD_S

export interface IncidentMoment {
  /** Kelvin above the usual temperature. */
  readonly heat: number
  /** Clock as a share of its usual value. */
  readonly clock: number
  /** Flow of the loop as a share of its usual one: cause of the rest. */
  readonly flow: number
  /** Kelvin that the loop's supply is above its usual temperature. */
  readonly supply: number
  /** The job's devices are held but nothing runs. */
  readonly jobDead: boolean
  readonly caption: { readonly en: string; readonly zh: string } | null
}

const QUIET: IncidentMoment = {
  heat: 0,
  clock: 1,
  flow: 1,
  supply: 0,
  jobDead: false,
  caption: null,
}

const CAPTIONS: readonly (readonly [untilS: number, en: string, zh: string])[] = [
  [
    60,
    'Cooling loop hall-a1/loop-1 loses flow: temperatures rise',
    '冷却回路 hall-a1/loop-1 流量下降：温度上升',
  ],
  [
    150,
    'Devices throttle for heat: still busy, less work done',
    '设备过热降频：仍显示忙碌，有效工作减少',
  ],
  [
    420,
    'Job atlas-pretrain-70b died: its devices are held and idle, the fleet falls below 60 %',
    '任务 atlas-pretrain-70b 中断：设备被占用但空闲，全队利用率跌破 60 %',
  ],
  [
    BACK_S,
    'Flow is back, the job is not. Three five-minute slices below 60 % page: see Alerts, Messages',
    '流量已恢复，任务尚未恢复。连续三个 5 分钟时段低于 60 % 将发出紧急告警：见“告警”的“消息”',
  ],
  [
    1440,
    'The job runs again from its checkpoint. The alert ends after 15 min above 63 %',
    '任务已从检查点恢复运行。高于 63 % 满 15 分钟后告警解除',
  ],
  [
    INCIDENT_MS / 1000,
    'Recovered. The hour keeps the dent: nothing is averaged away',
    '已恢复。这一小时的损失保留在账上，不会被平均掉',
  ],
]

/** State of the incident `sinceMs` after its start; quiet before and after. */
export function incidentAt(sinceMs: number): IncidentMoment {
  if (sinceMs < 0 || sinceMs >= INCIDENT_MS) return QUIET
  const s = sinceMs / 1000
  const rise = Math.min(1, s / 90)
  const fall = s < 320 ? 1 : Math.max(0, 1 - (s - 320) / 90)
  const strength = Math.min(rise, fall)
  const jobDead = s >= DEAD_FROM_S && s < BACK_S
  const caption = CAPTIONS.find(([until]) => s < until)
  return {
    heat: 26 * strength,
    clock: s < 60 ? 1 : 1 - 0.45 * strength,
    flow: 1 - 0.65 * strength,
    supply: 10 * strength,
    jobDead,
    caption: caption === undefined ? null : { en: caption[1], zh: caption[2] },
  }
}
