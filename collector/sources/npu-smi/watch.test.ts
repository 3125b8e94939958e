import { describe, expect, it } from 'vitest'
import { die, host } from './source.testing.ts'

const dies = () => [die(0, 0), die(0, 1)]

/** A host that is read every second, with its stream running and its first rows printed. */
async function watched(devices = dies()) {
  const fake = host(devices)
  await fake.tick()
  await fake.tick()
  fake.print()
  return fake
}

describe('npu-smi info watch', () => {
  it('runs when reads are seconds apart, and its rows are what the reads answer', async () => {
    const { state, tick, print } = await watched()
    expect(state.calls).toEqual(['stdbuf -oL npu-smi info watch -d 1 -s ptaicmbnu'])
    const first = await tick()
    expect(first.outcome).toBe('ok')
    expect(first.devices.map((each) => each.metrics)).toMatchObject([
      { aicore_ratio: 0.3, power_watts: 180.5, temperature_celsius: 40, aicpu_ratio: 0 },
      { aicore_ratio: 0.3, power_watts: null, npu_util_ratio: 0.65, aicube_ratio: 0.2 },
    ])
    // Identity, memory and health come from the calls beside it.
    expect(first.devices[0]?.keys[0]).toMatch(/^vdie:/)
    expect(first.devices[0]?.metrics).toMatchObject({
      health_code: 0,
      memory_used_bytes: 3000 * 1_048_576,
    })
    state.devices = [die(0, 0, { aicorePercent: 90 }), die(0, 1, { aicorePercent: 0 })]
    print()
    const second = await tick()
    expect(second.asked).toEqual([])
    expect(second.devices.map((each) => each.metrics.aicore_ratio)).toEqual([0.9, 0])
    expect(state.streams).toBe(1)
  })

  it('does not run when reads are far apart, or when it is switched off; `on` runs it anyway', async () => {
    const slow = host(dies())
    await slow.tick({}, 15)
    await slow.tick({}, 15)
    await slow.tick({}, 15)
    expect(slow.state.streams).toBe(0)
    const off = host(dies())
    for (let second = 0; second < 3; second += 1) await off.tick({ watch: 'off' })
    expect(off.state.streams).toBe(0)
    const on = host(dies())
    await on.tick({ watch: 'on' }, 15)
    await on.tick({ watch: 'on' }, 15)
    expect(on.state.calls).toEqual(['stdbuf -oL npu-smi info watch -d 15 -s ptaicmbnu'])
  })

  it('is ended before anything else is asked, once a minute, and started again', async () => {
    const { state, tick, print } = await watched()
    let asked: string[] = []
    for (let second = 0; second < 70; second += 1) {
      print()
      asked = [...asked, ...(await tick()).asked]
    }
    expect(state.streams).toBe(2)
    expect(state.mostAtOnce).toBe(1)
    print()
    expect((await tick()).devices[0]?.metrics.aicore_ratio).toBe(0.3)
  })

  it('falls back to fewer columns where the tool refuses the new letters', async () => {
    const fake = host(dies())
    fake.state.knows = 'ptaicmb'
    for (let second = 0; second < 4; second += 1) await fake.tick()
    fake.print()
    const answer = await fake.tick()
    expect(fake.state.calls.map((call) => call.split(' -s ')[1])).toEqual(['ptaicmbnu', 'ptaicmb'])
    expect(answer.outcome).toBe('ok')
    expect(answer.devices[0]?.metrics.aicore_ratio).toBe(0.3)
    // Overall utilization comes from the calls beside it then.
    expect(answer.devices[0]?.metrics.npu_util_ratio).toBe(0.65)
  })

  it('a tool that cannot watch at all is asked once per read, for a day', async () => {
    const fake = host(dies())
    fake.state.knows = ''
    for (let second = 0; second < 12; second += 1) await fake.tick()
    expect(fake.state.streams).toBe(3)
    const answer = await fake.tick()
    expect(answer.asked).toContain('info')
    expect(answer.devices[0]?.metrics.aicore_ratio).toBe(0.3)
    expect(fake.state.mostAtOnce).toBe(1)
  })

  it('runs without stdbuf where there is none', async () => {
    const fake = host(dies())
    fake.state.hasStdbuf = false
    await fake.tick()
    await fake.tick()
    expect(fake.state.calls).toEqual(['npu-smi info watch -d 1 -s ptaicmbnu'])
  })

  it('that ends by itself is a failure with a cause, and comes back after a pause', async () => {
    const { state, tick, print, end } = await watched()
    await tick()
    end(1)
    await tick()
    expect(await tick()).toMatchObject({ outcome: 'failed', reason: 'watch_ended', devices: [] })
    expect(state.streams).toBe(1)
    const reasons: (string | null)[] = []
    for (let second = 0; second < 4; second += 1) reasons.push((await tick()).reason)
    expect(reasons[0]).toBe('watch_ended')
    expect(state.streams).toBe(2)
    print()
    expect((await tick()).outcome).toBe('ok')
  })

  it('that ends with a refusal of the driver says so and waits a minute', async () => {
    const { state, tick, end } = await watched()
    await tick()
    end(187, 'dcmi module initialize failed. ret is -8005')
    await tick()
    for (let second = 0; second < 50; second += 1)
      expect(await tick()).toMatchObject({ outcome: 'failed', reason: 'dcmi_-8005' })
    expect(state.streams).toBe(1)
  })

  it('that keeps ending is given up for a while: one call per read', async () => {
    const { state, tick, print, end } = await watched()
    for (let second = 0; second < 200; second += 1) {
      print()
      await tick()
      end(1)
    }
    expect(state.streams).toBeLessThan(8)
    expect(state.mostAtOnce).toBe(1)
    const answer = await tick()
    expect(answer.asked).toContain('info')
    expect(answer.outcome).toBe('ok')
  })

  it('silence is never idle: old rows are forgotten, then it is a failure', async () => {
    const { tick } = await watched()
    await tick()
    const outcomes: (string | null)[] = []
    for (let second = 0; second < 6; second += 1) {
      const answer = await tick()
      outcomes.push(answer.reason)
      if (answer.outcome === 'failed') expect(answer.devices).toEqual([])
    }
    expect(outcomes).toEqual([null, null, null, 'watch_silent', 'watch_silent', 'watch_silent'])
  })

  it('a chip without a row has no figures, its neighbours have theirs', async () => {
    const { state, tick, print } = await watched()
    for (let second = 0; second < 8; second += 1) {
      const all = state.devices
      state.devices = all.slice(0, 1)
      print()
      state.devices = all
      await tick()
    }
    const { devices } = await tick()
    expect(devices.map((each) => each.metrics.aicore_ratio)).toEqual([0.3, null])
    expect(devices[1]?.metrics.npu_util_ratio ?? null).toBeNull()
    expect(devices[1]?.metrics.health_code).toBe(0)
  })

  it('that hangs is ended and started again, never two at once', async () => {
    const { state, tick, print } = await watched()
    for (let second = 0; second < 30; second += 1) await tick()
    expect(state.streams).toBe(2)
    expect(state.mostAtOnce).toBe(1)
    print()
    expect((await tick()).outcome).toBe('ok')
  })

  it('a process that ignores being killed is a failure, and nothing is started beside it', async () => {
    const { state, tick } = await watched()
    state.ignoresKill = true
    const reasons = new Set<string | null>()
    for (let second = 0; second < 120; second += 1) reasons.add((await tick()).reason)
    expect(state.streams).toBe(1)
    expect(state.mostAtOnce).toBe(1)
    expect(reasons).toContain('watch_stuck')
    expect((await tick()).outcome).toBe('failed')
  })

  it('a slow driver: calls beside the stream take a tenth of the time at most', async () => {
    const many = Array.from({ length: 16 }, (_, index) => die(Math.floor(index / 2), index % 2))
    const fake = host(many)
    await fake.tick()
    fake.state.callMs = 2000
    let withFigures = 0
    for (let second = 0; second < 240; second += 1) {
      fake.print()
      const { devices } = await fake.tick()
      if (devices.some((each) => (each.metrics.aicore_ratio ?? null) !== null)) withFigures += 1
    }
    expect(withFigures).toBeGreaterThan(200)
    expect(fake.state.mostAtOnce).toBe(1)
  })

  it('is let go of when the target leaves, and comes back when it is read again', async () => {
    const { state, tick, print, close } = await watched()
    await tick()
    close()
    expect(state.stream).toBeNull()
    for (let second = 0; second < 4; second += 1) await tick()
    print()
    expect((await tick()).outcome).toBe('ok')
    expect(state.streams).toBe(2)
  })

  it('a card that fell off is gone with the next box, its old rows too', async () => {
    const { state, tick, print } = await watched([die(0, 0), die(1, 0)])
    state.devices = [die(0, 0)]
    for (let second = 0; second < 70; second += 1) {
      print()
      await tick()
    }
    print()
    expect((await tick()).devices).toHaveLength(1)
  })

  it('rows cut in the middle, noise and errors between them are counted and harmless', async () => {
    const { state, tick, print } = await watched()
    state.stream?.lines.push('0           0           17', '\u0000\u0001%PDF', '')
    print()
    const answer = await tick()
    expect(answer.outcome).toBe('ok')
    expect(answer.rejectedByReason).toEqual({ column_count: 1, not_npu_smi: 1 })
    expect(answer.devices[0]?.metrics.power_watts).toBe(180.5)
  })
})
