import { uniform } from '../fleet/noise.ts'

/** The air at the simulated site. */
export interface Weather {
  readonly dryBulbCelsius: number
  readonly wetBulbCelsius: number
  readonly dewPointCelsius: number
  /** 0..1. */
  readonly humidityRatio: number
}

const HOUR = 3_600_000
const SITE_HOURS = 8
/** Fronts come and go. */
const FRONT_HOURS = 61

/** Weather at a moment: coldest at five in the morning site time, with slow fronts. Pure. */
export function weatherAt(atMs: number, seed: number): Weather {
  const hour = (atMs / HOUR + SITE_HOURS) % 24
  const day = -Math.cos(((hour - 5) / 24) * 2 * Math.PI)
  const front = Math.sin((atMs / HOUR / FRONT_HOURS + uniform(seed, 1, 4242)) * 2 * Math.PI)
  const gust = uniform(seed, Math.floor(atMs / (HOUR / 6)), 4243) - 0.5
  const dryBulbCelsius = 19 + 5.5 * day + 2.5 * front + 0.3 * gust
  const dewPointCelsius = 11.5 + 0.4 * day + 1.8 * front
  // A third of the way up from the dew point, good to half a degree in this range.
  const wetBulbCelsius = dewPointCelsius + (dryBulbCelsius - dewPointCelsius) * 0.38
  const humidityRatio = vapour(dewPointCelsius) / vapour(dryBulbCelsius)
  return { dryBulbCelsius, wetBulbCelsius, dewPointCelsius, humidityRatio }
}

/** Saturation pressure over water, pascals (Magnus). */
const vapour = (celsius: number) => 611.2 * Math.exp((17.62 * celsius) / (243.12 + celsius))
