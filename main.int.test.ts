import { mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CollectionAnswer, type Device, DeviceList, type TargetHealth } from '#schemas/api.ts'
import { isMetricName, metricDefinition, type MetricValues } from '#schemas/metrics.ts'
import { npuNode, writeFakeNpuSmi } from './cli/fake-npu-smi.testing.ts'
import { gpuNode, readChip, readPage } from './cli/page-values.testing.ts'
import { type Plimsoll, startPlimsoll, tempFolder, until } from './cli/process.testing.ts'
import { type Exporter, prepareSite, type Site, startExporter } from './cli/site.testing.ts'
import { type SimulatedGpu, writeExporterPage } from './collector/sources/dcgm-exporter/simulate.ts'

/**
 * From vendor output to the API through real processes: exporters and a fake npu-smi -> two collectors ->
 * nats-server -> ingest -> engine -> query, each started by bin/plimsoll.
 */

const NODE = 'h1-r01-n01'
const BAD_NODE = 'h1-r02-n07'
const SHOWN_MS = 25_000

let folder: Awaited<ReturnType<typeof tempFolder>>
let site: Site
let good: Exporter
const exporters: Exporter[] = []
const collectors: Plimsoll[] = []
const gpuPage = (step: number) => writeExporterPage(gpuNode(NODE, 8, step))

beforeAll(async () => {
  folder = await tempFolder()
  site = await prepareSite(folder.path)
  site.startIngest()
  await site.startQuery()
  good = await exporter(() => ({ body: gpuPage(0) }))
  const mig = await exporter(() => ({ body: writeExporterPage(migBoard()) }))
  await startCollector('gpus', {
    config: `
cluster: blue
collector: gpus
labels: { hall: hall-1, pool: training }
node_labels:
  - { nodes: '${NODE}', rack: r01 }
sources:
  dcgm-exporter:
    interval: 2s
    targets: ['${good.target}', '${mig.target}']
`,
  })
})

afterAll(async () => {
  for (const collector of collectors) await collector.stop()
  await site?.stop()
  for (const each of exporters) await each.stop()
  await folder?.remove()
})

async function exporter(...args: Parameters<typeof startExporter>): Promise<Exporter> {
  const started = await startExporter(...args)
  exporters.push(started)
  return started
}

async function startCollector(
  name: string,
  { config, path }: { config: string; path?: string },
): Promise<void> {
  const home = join(folder.path, name)
  await mkdir(home)
  const file = join(home, 'collector.yaml')
  await writeFile(file, config)
  const env = { ...site.env, ...(path === undefined ? {} : { PATH: path }) }
  const collector = startPlimsoll(['collector', '--config', file, '--data', home], { env })
  collectors.push(collector)
  await collector.says(/connected to the bus/)
}

async function devices(query: string): Promise<Device[]> {
  const answer = await fetch(`${site.url}/api/v1/devices?limit=500&${query}`)
  expect(answer.status).toBe(200)
  return DeviceList.parse(await answer.json()).devices
}

async function targets(): Promise<TargetHealth[]> {
  const answer = await fetch(`${site.url}/api/v1/collection?limit=500`)
  expect(answer.status).toBe(200)
  return CollectionAnswer.parse(await answer.json()).targets
}

/** Every value of a device against what was printed: what the store keeps as float32 is compared as such. */
function differences(device: Device, expected: MetricValues): string[] {
  const names = new Set([...Object.keys(device.latest), ...Object.keys(expected)])
  return [...names].flatMap((name) => {
    const want = isMetricName(name) ? (expected[name] ?? null) : null
    const got = device.latest[name] ?? null
    const isFloat32 = metricDefinition(name)?.wire === 'f32'
    const same = isFloat32 && want !== null && got !== null ? equal32(want, got) : want === got
    return same ? [] : [`${device.canonical_key} ${name}: page ${want}, API ${got}`]
  })
}

const equal32 = (a: number, b: number) => Math.fround(a) === Math.fround(b)

/** Waits until the API shows a page, then compares all of it. */
async function expectPage(page: string): Promise<number> {
  const expected = readPage(page)
  const mark = ([...expected.values()][0] ?? {}).energy_joules_total
  const shown = await until(
    'the page in the API',
    async () => {
      const found = await devices(`filter=node:eq:${NODE}`)
      const isShown = found.some(({ latest }) => latest['energy_joules_total'] === mark)
      return isShown && found.length === expected.size ? found : null
    },
    SHOWN_MS,
  )
  const wrong = shown.flatMap((device) =>
    differences(device, expected.get(device.canonical_key.replace('uuid:', '')) ?? {}),
  )
  expect(wrong).toEqual([])
  return shown.reduce((sum, { latest }) => sum + Object.keys(latest).length, 0)
}

describe('every value in the API equals the page’s value in canonical units', () => {
  it('for the eight GPUs of an exporter, also after the page changed', async () => {
    const first = await expectPage(gpuPage(0))
    good.answer(() => ({ body: gpuPage(3) }))
    const second = await expectPage(gpuPage(3))
    console.log(`compared ${first} and ${second} values of 8 GPUs, all equal`)
    // 42 fields of the page, the XID and the busy ratio, for each GPU.
    expect([first, second]).toEqual([8 * 44, 8 * 44])
  }, 60_000)

  it('with the identity, holder and place that page and configuration give', async () => {
    const found = await devices(`filter=node:eq:${NODE}&sort=node`)
    for (const gpu of gpuNode(NODE, 8)) {
      const device = found.find(({ canonical_key }) => canonical_key === `uuid:${gpu.uuid}`)
      expect(device).toMatchObject({
        keys: expect.arrayContaining([`uuid:${gpu.uuid}`]),
        vendor: 'nvidia',
        model: gpu.model,
        cluster: 'blue',
        hall: 'hall-1',
        rack: 'r01',
        pool: 'training',
        node: NODE,
        index: gpu.index,
        bus: gpu.bus,
        parent_id: null,
        partition: null,
        holder: gpu.holder,
        sources: ['dcgm-exporter'],
        state: 'reporting',
        interval_ms: 2000,
        busy_source: 'gr_engine_active',
      })
    }
  })

  it('for a MIG board and its instances, each value where it belongs', async () => {
    const [board, ...slices] = migBoard()
    expect(board).toBeDefined()
    const found = await until('the MIG board', async () => {
      const shown = await devices('partitions=true&filter=node:eq:h1-r01-n02')
      return shown.length === 1 + 1 + slices.length ? shown : null
    })
    const parent = found.find(({ parent_id }) => parent_id === null)
    // 4 of 7 slices at 0.7 and 3 of 7 at 0.35.
    expect(parent?.latest['gr_engine_active_ratio']).toBeCloseTo((4 * 0.7 + 3 * 0.35) / 7, 6)
    expect(parent?.latest['power_watts']).toBe(412.5)
    expect(parent?.latest['gpu_util_ratio'] ?? null).toBeNull()
    const partitions = found.filter(({ parent_id }) => parent_id === parent?.device_id)
    expect(
      partitions.map(({ partition, latest }) => [
        partition?.profile,
        latest['gr_engine_active_ratio'],
        latest['memory_used_bytes'],
        latest['power_watts'] ?? null,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ['4g.40gb', 0.7, 20_000 * 1_048_576, null],
        ['3g.40gb', 0.35, 10_000 * 1_048_576, null],
      ]),
    )
  })

  it('for the chips that an npu-smi on PATH prints', async () => {
    const chips = npuNode()
    const bin = join(folder.path, 'bin')
    await writeFakeNpuSmi(bin, chips)
    await startCollector('npus', {
      path: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
      config: `
cluster: blue
collector: npus
node: h9-r09-n09
labels: { hall: hall-9, rack: r09 }
sources:
  npu-smi: { interval: 5s }
`,
    })
    const found = await until(
      'chips with their usages',
      async () => {
        const shown = await devices('filter=node:eq:h9-r09-n09')
        const isWhole = shown.every(
          ({ state, latest }) => state === 'reporting' && latest['npu_util_ratio'] !== undefined,
        )
        return shown.length === chips.length && isWhole ? shown : null
      },
      SHOWN_MS,
    )
    const wrong = chips.flatMap((chip) => {
      const device = found.find(({ bus }) => bus.toLowerCase() === chip.bus.toLowerCase())
      return device === undefined ? [`${chip.bus} is missing`] : differences(device, readChip(chip))
    })
    expect(wrong).toEqual([])
    expect(found.map(({ canonical_key }) => canonical_key).sort()).toEqual(
      chips.map((chip) => `vdie:${chip.vdie?.join('-') ?? ''}`).sort(),
    )
    for (const device of found)
      expect(device).toMatchObject({
        vendor: 'huawei',
        model: 'Ascend 910B3',
        hall: 'hall-9',
        rack: 'r09',
        busy_source: 'npu_util',
        sources: ['npu-smi'],
      })
    const values = found.reduce((sum, { latest }) => sum + Object.keys(latest).length, 0)
    console.log(`compared ${values} values of ${chips.length} chips, all equal`)
  }, 60_000)
})

describe('bad pages', () => {
  const sentinel = gpuNode(BAD_NODE, 4)
  const brokenOff = gpuNode('h1-r02-n08', 4)
  let found: Device[] = []
  let health: TargetHealth[] = []
  let addresses: Record<'sentinel' | 'half' | 'dead' | 'error', string>

  beforeAll(async () => {
    const bad = await exporter(() => ({ body: sentinelPage(sentinel) }))
    const page = writeExporterPage(brokenOff)
    const half = await exporter(() => ({ body: page, breakAfterBytes: cutInsideLine(page) }))
    const error = await exporter(() => ({ status: 500, body: 'collector failed\n' }))
    const dead = await exporter(() => ({ body: '' }))
    await dead.stop()
    addresses = {
      sentinel: bad.target,
      half: half.target,
      dead: dead.target,
      error: error.target,
    }
    await startCollector('bad', {
      config: `
cluster: red
collector: bad
sources:
  dcgm-exporter:
    interval: 2s
    targets: [${Object.values(addresses)
      .map((address) => `'${address}'`)
      .join(', ')}]
`,
    })
    await until(
      'devices and targets of the bad exporters',
      async () => {
        found = await devices('filter=cluster:eq:red')
        health = (await targets()).filter(({ collector }) => collector === 'bad')
        const haveSpoken = found.every(({ state }) => state === 'reporting')
        return found.length === 8 && haveSpoken && health.length === 4
      },
      SHOWN_MS,
    )
  }, 60_000)

  const line = (name: keyof typeof addresses) =>
    health.find(({ target }) => target.includes(addresses[name]))

  it('a sentinel and garbage become null on their device, are counted, and touch no neighbour', () => {
    const expected = readPage(writeExporterPage(sentinel))
    const wrong = found
      .filter(({ node }) => node === BAD_NODE)
      .flatMap((device) => {
        const values = expected.get(device.canonical_key.replace('uuid:', '')) ?? {}
        const isHit = device.canonical_key === `uuid:${sentinel[1]?.uuid ?? ''}`
        return differences(device, isHit ? { ...values, gpu_util_ratio: null } : values)
      })
    expect(wrong).toEqual([])
    expect(line('sentinel')).toMatchObject({ outcome: 'ok', devices: 4 })
    expect(Object.keys(line('sentinel')?.rejected ?? {}).length).toBeGreaterThanOrEqual(2)
    expect(line('sentinel')?.examples.map((example) => example.line)).toEqual(
      expect.arrayContaining([expect.stringContaining('4294967295')]),
    )
    console.log('refused on the sentinel page:', line('sentinel')?.rejected)
  })

  it('half a page gives its whole lines, no value of the line that was cut, and says so', () => {
    const page = writeExporterPage(brokenOff)
    const kept = page.slice(0, page.lastIndexOf('\n', cutInsideLine(page)))
    const expected = readPage(kept)
    const wrong = found
      .filter(({ node }) => node !== BAD_NODE)
      .flatMap((device) => {
        const values = expected.get(device.canonical_key.replace('uuid:', '')) ?? {}
        // Without the engine's own counter the device is measured by GPU utilization.
        return differences(device, { ...values, busy_ratio: values.gpu_util_ratio ?? null })
      })
    expect(wrong).toEqual([])
    expect(line('half')?.rejected).toMatchObject({ cut_line: 1 })
    console.log('half a page:', line('half')?.outcome, line('half')?.rejected)
  })

  it('an exporter that is off or answers 500 is one failed line with its reason and no device', () => {
    expect(line('dead')).toMatchObject({ outcome: 'failed', reason: 'refused', devices: 0 })
    expect(line('error')).toMatchObject({ outcome: 'failed', reason: 'http_500', devices: 0 })
    expect(line('dead')?.detail).not.toBe('')
  })

  it('an exporter that is turned off becomes one failed line, and its devices fall silent', async () => {
    await good.stop()
    const failed = await until('the failed line', async () => {
      const own = (await targets()).filter(({ target }) => target.includes(good.target))
      return own.some(({ outcome }) => outcome === 'failed') ? own : null
    })
    expect(failed).toHaveLength(1)
    expect(failed[0]).toMatchObject({ reason: 'refused', last_ok: expect.any(String) })
    const silent = await until('silent devices', async () => {
      const own = await devices(`filter=node:eq:${NODE}`)
      return own.every(({ state }) => state === 'silent') ? own : null
    })
    expect(silent).toHaveLength(8)
    // Silence is no reading: nothing of the past is shown as the present.
    expect(silent.map(({ latest }) => latest)).toEqual(silent.map(() => ({})))
  }, 60_000)
})

/** A page with a sentinel for one GPU, a line of garbage and a value that is no number. */
function sentinelPage(gpus: readonly SimulatedGpu[]): string {
  const page = writeExporterPage(gpus)
  const hit = gpus[1]?.uuid ?? ''
  const swapped = page
    .split('\n')
    .map((line) =>
      line.startsWith('DCGM_FI_DEV_GPU_UTIL{') && line.includes(hit)
        ? line.replace(/ \S+$/, ' 4294967295')
        : line,
    )
  swapped.splice(5, 0, '<html>502 Bad Gateway</html>')
  return swapped.join('\n')
}

/** A place inside a value line of the part after GPU_UTIL, where a connection may break. */
function cutInsideLine(page: string): number {
  const at = page.indexOf('\nDCGM_FI_DEV_FB_USED{')
  return page.indexOf('pci_bus_id', at)
}

function migBoard(): SimulatedGpu[] {
  const [gpu] = gpuNode('h1-r01-n02', 1)
  if (gpu === undefined) return []
  const slice = (id: number, profile: string, busy: number, usedMib: number): SimulatedGpu => ({
    ...gpu,
    holder: null,
    instance: { id, profile },
    metrics: {
      power_watts: 412.5,
      temperature_celsius: 55,
      sm_clock_hertz: 1.5e9,
      gr_engine_active_ratio: busy,
      memory_used_bytes: usedMib * 1_048_576,
      memory_free_bytes: 10_000 * 1_048_576,
    },
  })
  return [slice(1, '4g.40gb', 0.7, 20_000), slice(2, '3g.40gb', 0.35, 10_000)]
}
