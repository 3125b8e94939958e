import { expect, it } from 'vitest'
import { DeviceDetail } from '#schemas/api.ts'
import * as stub from '../../../testing/stub-devices.ts'
import * as nodes from '../../../testing/stub-nodes.ts'
import { drainLines } from './drain.ts'
import { vendorCase } from './vendor-case.ts'

const NOW = Date.UTC(2026, 10, 23)
const device = stub.deviceOf(3, NOW)
const held = (source: string) => ({
  holder: null,
  ledger: device.ledger === null ? null : { ...device.ledger, allocation_source: source },
})

it('drain lines are those of the scheduler that holds the node, of both where nobody says which', () => {
  expect(drainLines('gpu-17', [held('slurm')])).toEqual([
    {
      tool: 'slurm',
      drain: 'scontrol update NodeName=gpu-17 State=DRAIN Reason="checked in Plimsoll"',
      undo: 'scontrol update NodeName=gpu-17 State=RESUME',
    },
  ])
  const pod = { holder: { pod: 'train-0', namespace: 'llm' }, ledger: null }
  expect(drainLines('gpu-17', [pod]).map(({ drain }) => drain)).toEqual(['kubectl cordon gpu-17'])
  expect(drainLines('gpu-17', []).map(({ tool }) => tool)).toEqual(['slurm', 'kubernetes'])
})

it('a name that a shell could misread gets no line', () => {
  for (const name of ['a b', '$(reboot)', 'x;y', '-f', '', 'a\nb'])
    expect(drainLines(name, [])).toEqual([])
})

it('a case names the device, its versions and newest events, and nobody who used it', () => {
  const detail = DeviceDetail.parse({
    device,
    labels: {},
    partitions: [],
    events: Array.from({ length: 25 }, () => stub.eventsOf(device, NOW)[0]).filter(
      (event) => event !== undefined,
    ),
    facts: nodes.factsOf(device, NOW),
    links: [],
    first_seen: null,
    simulated: true,
  })
  const text = vendorCase(detail, device)
  expect(text).toContain(`Device: ${device.vendor} ${device.model}`)
  for (const key of device.keys) expect(text).toContain(key)
  expect(text).toMatch(/driver_version: \S+/)
  const holder = device.ledger?.holders[0]
  if (holder !== undefined && holder.job !== '') expect(text).not.toContain(holder.job)
  if (detail.events.length > 20) expect(text).toContain(`… ${detail.events.length - 20} more`)
})
