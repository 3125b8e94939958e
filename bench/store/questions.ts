/** One question as a request to the API, and what it must reach. */
export interface BenchQuestion {
  readonly name: string
  readonly url: string
  /** p95 of the answer, ms; absent = measured only. */
  readonly aimMs?: number
}

const AIM_MS = 150
/** Of what group minutes do not know, and of 90 days. */
const OTHER_AIM_MS = 250
const DAY_MS = 86_400_000
const WIDE = ['cluster', 'hall', 'pool', 'model', 'tenant', 'class'] as const
const NARROW = [
  { field: 'rack', within: 'hall' },
  { field: 'node', within: 'rack' },
] as const

/** What the issue asks for, of the window that ends at `endMs`; `node` and `deviceId` are ones of the fleet. */
export function benchQuestions(endMs: number, deviceId: string): BenchQuestion[] {
  const window = (days: number) => `from=${endMs - days * DAY_MS}&to=${endMs}`
  const summary = (query: string) => `/api/v1/fleet/summary?${query}`
  const series = (query: string) => `/api/v1/fleet/series?${query}`
  const ledger = (query: string) => `/api/v1/ledger?${query}`
  const ask = (name: string, url: string): BenchQuestion => ({ name, url, aimMs: AIM_MS })
  const askOther = (name: string, url: string): BenchQuestion => ({
    name,
    url,
    aimMs: OTHER_AIM_MS,
  })
  const wide = WIDE.flatMap((field) => [
    ask(`summary by ${field}, 24 h`, summary(`${window(1)}&group_by=${field}`)),
    ask(
      `series by ${field}, 24 h, 288 points`,
      series(`${window(1)}&group_by=${field}&points=300`),
    ),
    ask(
      `top 10 by ${field}, 24 h`,
      summary(`${window(1)}&group_by=${field}&sort=utilization&limit=10`),
    ),
  ])
  const narrow = NARROW.flatMap(({ field, within }) =>
    [
      { days: 1, label: '24 h at 1 h', points: 24 },
      { days: 90, label: '90 d at 1 d', points: 90 },
    ].flatMap(({ days, label, points }) => {
      const grouped = `${window(days)}&group_by=${field}`
      const part = `filter=${within}:eq:${within}-1`
      return [
        ask(`summary by ${field}, one hall, ${label}`, summary(`${grouped}&filter=hall:eq:hall-0`)),
        ask(
          `series by ${field}, one ${within}, ${label}`,
          series(`${grouped}&${part}&points=${points}`),
        ),
        askOther(
          `top 20 by ${field}, whole fleet, ${label}`,
          summary(`${grouped}&sort=utilization&limit=20`),
        ),
        askOther(`ledger by ${field}, ${label}`, ledger(grouped)),
      ]
    }),
  )
  const states = [
    ...WIDE.map((field) =>
      ask(`ledger by ${field}, 24 h at 1 min`, ledger(`${window(1)}&group_by=${field}`)),
    ),
    ask(
      'ledger by cluster and model, 24 h at 1 min',
      ledger(`${window(1)}&group_by=cluster,model`),
    ),
    ...WIDE.map((field) =>
      askOther(`ledger by ${field}, 90 d at 1 d`, ledger(`${window(90)}&group_by=${field}`)),
    ),
  ]
  return [
    ask('summary, whole fleet, 24 h', summary(window(1))),
    ask('series, whole fleet, 24 h, 1,440 points', series(`${window(1)}&points=1440`)),
    ask('summary by cluster and model, 24 h', summary(`${window(1)}&group_by=cluster,model`)),
    ...wide,
    ...narrow,
    ...states,
    { name: 'jobs, the 50 dearest, 24 h at 1 h', url: `/api/v1/jobs?${window(1)}` },
    {
      name: 'loss by job, the 20 dearest, 24 h at 1 h',
      url: `/api/v1/loss?${window(1)}&group_by=cluster,job,tenant&sort=-usd&limit=20`,
    },
    ask('devices page, first 100 of 50,000', '/api/v1/devices?limit=100'),
    ask(
      'devices page, sorted by temperature',
      '/api/v1/devices?limit=100&sort=-temperature_celsius',
    ),
    ask('one device', `/api/v1/devices/${deviceId}`),
    ask(
      'one device, eight metrics, last hour',
      `/api/v1/devices/${deviceId}/series?from=${endMs - 3_600_000}&to=${endMs}&metrics=busy_ratio,power_watts,temperature_celsius,sm_active_ratio,memory_used_bytes,sm_clock_hertz,energy_joules_total,tensor_active_ratio`,
    ),
  ]
}
