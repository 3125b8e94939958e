import type { Words } from '#schemas/alerts/severity.ts'

/** How many of the busy devices with one thing in common went idle, and how many did not. */
export interface CauseCount {
  /** `driver_version`, `hall`…; empty = all devices. */
  readonly name: string
  readonly value: string
  readonly went: number
  readonly stayed: number
}

export interface CommonCause {
  readonly name: string
  readonly value: string
  /** Share of those that went idle that have it. */
  readonly recall: number
  /** Share of those that have it that went idle. */
  readonly precision: number
  /** Harmonic mean of both: 1 = all that have it went idle, and nobody else. */
  readonly score: number
}

/** Below this a thing in common explains nothing. */
export const CAUSE_SCORE_MIN = 0.7
/** Of causes that fit alike the first is told: what people change, then who works, then where it stands. */
const ORDER = [
  'image',
  'launcher',
  'container',
  'driver_version',
  'driver',
  'firmware_version',
  'cuda_version',
  'cann_version',
  'storage',
  'switch',
  'loop',
  'job',
  'tenant',
  'class',
  'rack',
  'hall',
  'pool',
  'cluster',
  'model',
  'vendor',
]
const ALIKE = 0.02

/**
 * What the devices that went idle have in common and the others do not, best first. What every busy device has explains
 * nothing unless all of them went idle.
 */
export function commonCauses(counts: readonly CauseCount[]): CommonCause[] {
  const all = counts.find(({ name }) => name === '')
  if (all === undefined || all.went === 0) return []
  return counts
    .filter(({ name, went }) => name !== '' && went > 0)
    .map(({ name, value, went, stayed }): CommonCause => {
      const recall = went / all.went
      const precision = went / (went + stayed)
      return {
        name,
        value,
        recall,
        precision,
        score: (2 * recall * precision) / (recall + precision),
      }
    })
    .filter(({ score }) => score >= CAUSE_SCORE_MIN)
    .filter(({ recall, precision }) => all.stayed === 0 || recall < 1 || precision > base(all))
    .sort(betterFirst)
}

const base = ({ went, stayed }: CauseCount) => went / (went + stayed)

function betterFirst(a: CommonCause, b: CommonCause): number {
  if (Math.abs(a.score - b.score) > ALIKE) return b.score - a.score
  return placeOf(a.name) - placeOf(b.name)
}
const placeOf = (name: string) => {
  const at = ORDER.indexOf(name)
  return at === -1 ? ORDER.length : at
}

const NAMES: Readonly<Record<string, Words>> = {
  image: { en: 'image', zh: '镜像' },
  launcher: { en: 'launcher', zh: '启动器' },
  container: { en: 'container', zh: '容器' },
  driver_version: { en: 'driver', zh: '驱动' },
  driver: { en: 'driver', zh: '驱动' },
  firmware_version: { en: 'firmware', zh: '固件' },
  cuda_version: { en: 'CUDA', zh: 'CUDA' },
  cann_version: { en: 'CANN', zh: 'CANN' },
  storage: { en: 'storage', zh: '存储' },
  switch: { en: 'switch', zh: '交换机' },
  loop: { en: 'cooling loop', zh: '冷却环路' },
  job: { en: 'job', zh: '任务' },
  tenant: { en: 'tenant', zh: '租户' },
  class: { en: 'class', zh: '负载类型' },
  rack: { en: 'rack', zh: '机柜' },
  hall: { en: 'hall', zh: '机房' },
  pool: { en: 'pool', zh: '资源池' },
  cluster: { en: 'cluster', zh: '集群' },
  model: { en: 'model', zh: '型号' },
  vendor: { en: 'vendor', zh: '厂商' },
}

/** `in common: driver 570.12 (100 % of those that went idle; 97 % of those with it)`. */
export function causeWords(causes: readonly CommonCause[]): Words {
  const [best, second] = causes
  if (best === undefined) {
    return {
      en: 'nothing in common was found among driver, image, tenant, hall, loop and rack',
      zh: '未发现共同点（驱动、镜像、租户、机房、环路、机柜）',
    }
  }
  const said = ({ name, value, recall, precision }: CommonCause): Words => {
    const noun = NAMES[name] ?? { en: name, zh: name }
    const [of, have] = [Math.round(recall * 100), Math.round(precision * 100)]
    return {
      en: `${noun.en} ${value} (${of} % of what went idle; ${have} % of those with it)`,
      zh: `${noun.zh} ${value}（占转闲设备 ${of} %；其自身 ${have} % 转闲）`,
    }
  }
  const first = said(best)
  const also = second === undefined ? null : said(second)
  return {
    en: `in common: ${first.en}${also === null ? '' : `, then ${also.en}`}`,
    zh: `共同点：${first.zh}${also === null ? '' : `，其次 ${also.zh}`}`,
  }
}
