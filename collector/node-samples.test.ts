import { describe, expect, it } from 'vitest'
import type { Interpretation } from '#schemas/reading.ts'
import { type EventRecord, NodeSampleRecord } from '#schemas/records.ts'
import { reading } from './example-source.testing.ts'
import { createLinkEdges } from './link-edges.ts'
import { createNodeSamples } from './node-samples.ts'
import { T0, targetRead } from './read.testing.ts'
import { toTarget } from './targets/target.ts'

function world() {
  const told: NodeSampleRecord[] = []
  const events: EventRecord[] = []
  const samples = createNodeSamples((record) => told.push(NodeSampleRecord.parse(record)))
  const edges = createLinkEdges((event) => events.push(event))
  const device = reading({ keys: ['serial:9', 'uuid:1'] })
  const see = (tickMs: number, said: Partial<Interpretation>) => {
    const read = targetRead(tickMs, [device], { said })
    const seen = [{ key: 'uuid:1', node: 'n1', reading: device, metrics: {} }]
    const sight = samples.observe(read, seen)
    edges.observe(read, sight.samples)
    return { sight, told: told.splice(0), events: events.splice(0) }
  }
  return { see }
}
const port = (link_up: number, more: object = {}) => ({
  node: null,
  deviceKey: null,
  link: 'mlx5_0/1',
  metrics: { link_up, ...more },
})

describe('node and link samples', () => {
  it('one sample a minute, however fast the source is read', () => {
    const { see } = world()
    const counts = Array.from(
      { length: 13 },
      (_, n) =>
        see(T0 + n * 10_000, { nodes: [{ node: 'n1', metrics: { load_1m: n } }] }).told.length,
    )
    expect(counts).toEqual([1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1])
  })

  it('a link is told under the key its device is known by, whatever key the reading used', () => {
    const { see } = world()
    const link = { node: null, deviceKey: 'serial:9', link: 'nvlink/3', metrics: { link_up: 1 } }
    expect(see(T0, { links: [link] }).told).toMatchObject([
      { device_key: 'uuid:1', link: 'nvlink/3', node: 'n1', step_ms: 60_000 },
    ])
  })

  it('a named target decides the node; without a name the output does', () => {
    const { see } = world()
    expect(see(T0, { nodes: [{ node: 'pod-x', metrics: { load_1m: 1 } }] }).told[0]?.node).toBe(
      'n1',
    )
    const samples = createNodeSamples(() => undefined)
    const target = toTarget('10.0.0.1:9100', {}, 'me')
    const said = { nodes: [{ node: 'real', metrics: { load_1m: 1 } }] }
    expect(samples.observe(targetRead(T0, [], { said, target }), []).samples[0]?.node).toBe('real')
  })

  it('values out of range are refused one by one and counted; a sample without values is none', () => {
    const { see } = world()
    const { sight, told } = see(T0, {
      nodes: [{ node: null, metrics: { load_1m: Number.NaN, mounts_stale: 2 } }],
      links: [port(7), { ...port(1), link: '\u0000' }],
    })
    expect(told).toMatchObject([{ link: null, values: { mounts_stale: 2 } }])
    expect(told).toHaveLength(1)
    expect(sight.rejected).toEqual({ 'range:load_1m': 1, 'range:link_up': 1, no_identity: 1 })
    expect(sight.examples[0]?.line).toBe('n1 load_1m NaN')
  })

  it('what one target may name is bounded, the rest is counted', () => {
    const { see } = world()
    const links = Array.from({ length: 3000 }, (_, n) => ({ ...port(1), link: `p/${n}` }))
    const { sight, told } = see(T0, { links })
    expect(told).toHaveLength(2048)
    expect(sight.rejected).toEqual({ link_limit: 952 })
  })

  it('a link that goes down is told at once, and is an event with what to do; so is its return', () => {
    const { see } = world()
    expect(see(T0, { links: [port(1)] }).events).toEqual([])
    const down = see(T0 + 10_000, { links: [port(0)] })
    expect(down.told).toHaveLength(1)
    expect(down.events).toMatchObject([
      { type: 'link_down', code: 'mlx5_0/1', edge: 'open', fault_class: 'network' },
    ])
    expect(down.events[0]?.action_zh).toContain('线缆')
    expect(see(T0 + 20_000, { links: [port(0)] }).events).toEqual([])
    expect(see(T0 + 30_000, { links: [port(1)] }).events).toMatchObject([{ edge: 'closed' }])
  })

  it('a port that is down at first sight is no event; an interruption between two reads is one', () => {
    const { see } = world()
    expect(see(T0, { links: [port(0)] }).events).toEqual([])
    const other = world()
    other.see(T0, { links: [port(1, { link_downs_total: 4 })] })
    expect(
      other.see(T0 + 10_000, { links: [port(1, { link_downs_total: 6 })] }).events,
    ).toMatchObject([
      { type: 'link_flap', edge: 'point', message: expect.stringContaining('2 times') },
    ])
    // A counter that fell is a restart of the port, not an interruption.
    expect(other.see(T0 + 20_000, { links: [port(1, { link_downs_total: 0 })] }).events).toEqual([])
  })
})
