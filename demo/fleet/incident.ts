/**
 * The incident the demo plays: a cooling loop loses flow, its devices heat up and throttle, the large job
 * dies, the fleet crosses 60 %, flow returns, the job restarts. Pure function of the time since its start.
 */

export const INCIDENT_MS = 8 * 60_000

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
    330,
    'Job atlas-pretrain-70b died: its devices are held and idle, the fleet falls below 60 %',
    '任务 atlas-pretrain-70b 中断：设备被占用但空闲，全队利用率跌破 60 %',
  ],
  [420, 'Flow is back; the job restarts from its checkpoint', '流量恢复；任务从检查点重启'],
  [
    480,
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
  const jobDead = s >= 150 && s < 390
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
