import { describe, expect, it } from 'vitest'
import { renderCommand } from './simulate.ts'
import { TOOL, die, host, text } from './source.testing.ts'

const MINUTE = 60_000
const DAY = 86_400_000

describe('detect', () => {
  it('says what it looked for', async () => {
    const { source, io } = host([])
    const config = source.config.parse(undefined)
    expect(await source.detect(io, config, 'n1')).toEqual({
      state: 'present',
      target: { address: 'npu-smi', node: 'n1' },
      looked: 'npu-smi on PATH',
    })
    const elsewhere = source.config.parse({ command: 'npu-smi-25' })
    expect(await source.detect(io, elsewhere, 'n1')).toMatchObject({ state: 'absent' })
  })

  it('refuses configuration keys it does not know', () => {
    const { source } = host([])
    expect(source.config.safeParse({ interval: 3 }).success).toBe(false)
  })
})

describe('read', () => {
  it('asks the tool once at a time, and knows identity and overall utilization at once', async () => {
    const { asked, state, read } = host([die(0, 0), die(0, 1)])
    const result = await read(MINUTE, { details: true })
    expect(asked).toEqual([
      'info',
      'info -m',
      'info -t board -i 0 -c 0',
      'info -t board -i 0 -c 1',
      'info -t usages -i 0',
      'info -t memory -i 0',
      'info -t hccs -i 0 -c 0',
      'info -t hccs -i 0 -c 1',
      'info -t ecc -i 0',
    ])
    expect(state.mostAtOnce).toBe(1)
    expect(result.outcome).toBe('ok')
    expect(result.devices.map((device) => device.keys)).toEqual([
      ['vdie:0A1B2C3D-11223344-55667788-99AABBCC-00000000', 'slot:0000:80:00.0/0', 'slot:phy0/0'],
      ['vdie:0A1B2C3D-11223344-55667788-99AABBCC-00000001', 'slot:0000:81:00.0/1', 'slot:phy1/1'],
    ])
    expect(result.devices[1]?.metrics).toMatchObject({
      npu_util_ratio: 0.65,
      aicube_ratio: 0.2,
      aivector_ratio: 0.05,
      memory_bandwidth_active_ratio: 0.12,
      aicore_ratio: 0.3,
      power_watts: null,
    })
  })

  it('asks for identity at most every 10 minutes and for usages at most once a minute', async () => {
    const { asked, read } = host([die(0, 0)])
    await read(MINUTE)
    const second = await read(MINUTE + 15_000)
    expect(asked).toEqual(['info'])
    expect(second.devices[0]?.metrics.npu_util_ratio).toBe(0.65)
    expect(second.devices[0]?.keys[0]).toMatch(/^vdie:/)
    await read(2 * MINUTE)
    expect(asked).toEqual(['info', 'info -t usages -i 0'])
    await read(11 * MINUTE)
    expect(asked).not.toContain('info -t board -i 0 -c 0')
    await read(72 * MINUTE)
    expect(asked).toContain('info -t board -i 0 -c 0')
  })

  it('finds a card that was added or moved at the next identity sweep', async () => {
    const { asked, state, read } = host([die(0, 0)])
    await read(MINUTE)
    state.devices = [die(0, 0), die(1, 0)]
    const before = await read(2 * MINUTE)
    expect(before.devices[1]?.keys).toEqual(['slot:0000:82:00.0/0', 'slot:phy2/0'])
    const after = await read(12 * MINUTE)
    expect(asked).toContain('info -t board -i 1 -c 0')
    expect(asked).not.toContain('info -t board -i 0 -c 0')
    expect(after.devices[1]?.keys[0]).toMatch(/^vdie:/)
  })

  it('AI Core of a vNPU is forced to 0 by the tool: null, where a whole chip at 0 % idles', async () => {
    const idle = { aicorePercent: 0, npuUtilPercent: null }
    const { read } = host([die(0, 0, { ...idle, vdie: null }), die(1, 0, idle)])
    const { devices } = await read(MINUTE)
    expect(devices.map((each) => each.metrics.aicore_ratio)).toEqual([null, 0])
    expect(devices.map((each) => each.labels['virtual'])).toEqual(['vNPU', undefined])
    const again = await read(MINUTE + 15_000)
    expect(again.devices[0]?.metrics.aicore_ratio).toBeNull()
  })

  it('forgets overall utilization rather than repeat an old figure', async () => {
    const { state, read } = host([die(0, 0)])
    await read(MINUTE)
    state.override.set('info -t usages', { failure: 'timeout' })
    const later = await read(3 * MINUTE)
    expect(later.devices[0]?.metrics.npu_util_ratio).toBeNull()
    expect(later.devices[0]?.metrics.aicore_ratio).toBe(0.3)
  })

  it('stops asking for a day what the product does not support', async () => {
    const { asked, state, read } = host([die(0, 0)])
    const refusal = text('This device does not support querying usages.\n')
    state.override.set('info -t usages', refusal)
    const first = await read(MINUTE)
    expect(first.outcome).toBe('ok')
    expect(first.devices[0]?.metrics.npu_util_ratio).toBeNull()
    await read(3 * MINUTE)
    expect(asked).toEqual(['info'])
    await read(DAY + 2 * MINUTE)
    expect(asked).toContain('info -t usages -i 0')
  })

  it('spreads slow calls over several reads and never goes over its time', async () => {
    const dies = Array.from({ length: 16 }, (_, index) => die(Math.floor(index / 2), index % 2))
    const { asked, read } = host(dies, 2000)
    const counts: number[] = []
    let known = 0
    for (let tick = 0; tick < 8 && known < 16; tick += 1) {
      const result = await read(MINUTE + tick * 15_000)
      counts.push(asked.length)
      known = result.devices.filter((each) => each.keys[0]?.startsWith('vdie:')).length
    }
    expect(known).toBe(16)
    expect(Math.max(...counts)).toBeLessThanOrEqual(4)
  })

  it('a further call that hangs costs a bounded time and no reading', async () => {
    const { asked, state, read } = host([die(0, 0), die(0, 1)])
    state.override.set('info -t board', { failure: 'timeout' })
    const result = await read(MINUTE)
    expect(result.outcome).toBe('ok')
    expect(asked).toEqual(['info', 'info -m', 'info -t board -i 0 -c 0'])
    expect(result.devices.map((each) => each.metrics.aicore_ratio)).toEqual([0.3, 0.3])
  })

  it('a card that fell off is missing from the answer although it is remembered', async () => {
    const { state, read } = host([die(0, 0), die(1, 0)])
    await read(MINUTE)
    state.devices = [die(0, 0)]
    const result = await read(MINUTE + 15_000)
    expect(result.devices).toHaveLength(1)
  })

  it('a chip whose second row is missing keeps its identity and has no readings', async () => {
    const { state, read } = host([die(0, 0), die(1, 0)])
    const whole = await read(MINUTE)
    const printed = renderCommand(['info'], state.devices, TOOL).stdout
    const cut = printed
      .split('\n')
      .filter((line) => !line.includes('0000:82:00.0'))
      .join('\n')
    state.override.set('info', text(cut))
    const result = await read(MINUTE + 15_000)
    expect(result.devices[1]?.keys).toEqual(whole.devices[1]?.keys)
    expect(result.devices[1]?.failed).toBe('row_incomplete')
    expect(result.devices[1]?.metrics.memory_used_bytes).toBeNull()
    expect(result.devices[1]?.metrics.health_code).toBe(0)
  })

  it('a row of zeros fails its chip and keeps its identity', async () => {
    const { state, read } = host([die(0, 0), die(1, 0)])
    const whole = await read(MINUTE)
    const zeros = { powerWatts: 0, temperatureCelsius: 0, aicorePercent: 0 }
    state.devices = [die(0, 0), die(1, 0, { ...zeros, memoryUsedMb: 0, memoryTotalMb: 0 })]
    const result = await read(MINUTE + 15_000)
    expect(result.outcome).toBe('ok')
    expect(result.devices[1]?.failed).toBe('zero_filled_row')
    expect(result.devices[1]?.keys).toEqual(whole.devices[1]?.keys)
    expect(Object.values(result.devices[1]?.metrics ?? {}).filter((v) => v !== null)).toEqual([])
  })

  it('asks for the fault codes of chips that are not OK, and names them until they are', async () => {
    const { asked, state, read } = host([die(0, 0), die(1, 0)])
    const sick = die(1, 0, { health: 'Alarm', errorCodes: ['8C03A000'] })
    state.devices = [die(0, 0), sick]
    const first = await read(MINUTE)
    expect(asked.filter((line) => line.includes('health'))).toEqual(['info -t health -i 1 -c 0'])
    expect(first.devices.map((each) => each.metrics.health_code)).toEqual([0, 2])
    expect(first.devices[1]?.labels['fault_codes']).toBe('8C03A000')
    expect(first.events).toMatchObject([
      { at_ms: MINUTE, node: 'n1', code: '8C03A000', severity: 'fatal', edge: 'open' },
    ])
    const second = await read(MINUTE + 15_000)
    expect(asked).toEqual(['info'])
    expect(second.events).toHaveLength(1)
    state.devices = [die(0, 0), die(1, 0)]
    expect((await read(MINUTE + 30_000)).events).toEqual([])
  })

  it('asks a driver that refuses everybody once a minute only', async () => {
    const { asked, state, read } = host([die(0, 0)])
    state.override.set('info', {
      ...text('dcmi module initialize failed. ret is -8005\n'),
      exitCode: 187,
    })
    expect(await read(MINUTE)).toMatchObject({ outcome: 'failed', reason: 'dcmi_-8005' })
    expect(await read(MINUTE + 15_000)).toMatchObject({ outcome: 'failed', reason: 'dcmi_-8005' })
    expect(asked).toEqual([])
    state.override.clear()
    expect(await read(2 * MINUTE)).toMatchObject({ outcome: 'ok' })
  })

  const NOISE = 'DrvMngGetConsoleLogLevel failed. (g_conLogLevel=3)\n'
  const occupied = 'dcmi model initialized failed, because the device is used. ret is -8020\n'
  it.each([
    ['failed', 'timeout', { failure: 'timeout' }],
    ['absent', 'command_not_found', { failure: 'not_found' }],
    ['failed', 'not_permitted', { failure: 'not_permitted' }],
    ['failed', 'too_large', { failure: 'too_large' }],
    ['failed', 'spawn_failed', { failure: 'spawn_failed' }],
    ['failed', 'empty_output', { ...text(''), exitCode: 0 }],
    ['absent', 'command_not_found', { ...text(''), exitCode: 127 }],
    ['failed', 'invalid_card', { ...text('Invalid card id.\n'), exitCode: 255 }],
    ['failed', 'dcmi_-8020', { ...text(occupied), exitCode: 172 }],
    // Texts may be lost; the status is the low byte of the code.
    ['failed', 'dcmi_-8005', { ...text(''), exitCode: 187 }],
    ['failed', 'dcmi_-8020', { ...text(''), exitCode: 172 }],
    ['failed', 'dcmi_-8001', { ...text(''), exitCode: 191 }],
    ['failed', 'dcmi_-8002', { ...text(''), exitCode: 190 }],
    ['failed', 'dcmi_-8006', { ...text(''), exitCode: 186 }],
    ['failed', 'dcmi_-8008', { ...text(''), exitCode: 184 }],
    ['failed', 'dcmi_-8012', { ...text(''), exitCode: 180 }],
    ['failed', 'dcmi_-8013', { ...text(''), exitCode: 179 }],
    ['failed', 'dcmi_-8015', { ...text(''), exitCode: 177 }],
    ['failed', 'dcmi_-8017', { ...text(''), exitCode: 175 }],
    ['absent', 'not_supported', { ...text(''), exitCode: 193 }],
    // The line that often stands before a failure says nothing by itself.
    ['failed', 'dcmi_-8005', { ...text(NOISE), exitCode: 187 }],
    ['failed', 'dcmi_-8020', { ...text(NOISE), exitCode: 172 }],
    ['failed', 'not_npu_smi', { ...text(NOISE), exitCode: 0 }],
  ] as const)('%s %s, with a sentence for a person', async (outcome, reason, answer) => {
    const { state, read } = host([die(0, 0)])
    state.override.set('info', answer)
    const result = await read(MINUTE)
    expect(result).toMatchObject({ outcome, reason, devices: [] })
    expect(result.detail).toMatch(/\w+ \w+ \w+/)
  })

  it('a status that says the driver refuses is asked about once a minute, noise or not', async () => {
    const { asked, state, read } = host([die(0, 0)])
    state.override.set('info', { ...text(NOISE), exitCode: 187 })
    await read(MINUTE)
    expect(await read(MINUTE + 15_000)).toMatchObject({ reason: 'dcmi_-8005' })
    expect(asked).toEqual([])
  })

  it('reads what the loader says on stderr when stdout is empty', async () => {
    const { state, read } = host([])
    const stderr = new TextEncoder().encode(
      'npu-smi: error while loading shared libraries: libdrvdsmi_host.so: cannot open shared object file\n',
    )
    state.override.set('info', { ...text(''), stderr, exitCode: 127 })
    expect(await read(MINUTE)).toMatchObject({ outcome: 'failed', reason: 'library_missing' })
  })
})
