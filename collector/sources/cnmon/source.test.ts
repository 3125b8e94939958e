import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPlausible, metricDefinition } from '#schemas/metrics.ts'
import type { Interpretation } from '#schemas/reading.ts'
import type { CommandResult, SourceIo } from '../../source.ts'
import { pairBoards } from './boards.ts'
import { type SimulatedCnmonCard, type SimulatedCnmonTool, writeCnmonBox } from './simulate.ts'
import source from './source.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const interpret = (text: string) => source.interpret(bytes(text))
const TOOL: SimulatedCnmonTool = {
  box: '5.10-mode',
  toolVersion: '5.10.22',
  driverVersion: '5.10.22',
  timeLine: 'Thu Jan  4 09:07:02 2024',
}
const CARD: SimulatedCnmonCard = {
  card: 0,
  name: 'MLU370-X4',
  firmware: '1.1.6',
  bus: '0000:21:00.0',
  utilPercent: 37,
  fanPercent: 20,
  temperatureCelsius: 44,
  powerWatts: 131,
  powerCapWatts: 150,
  memoryUsedMib: 9120,
  memoryTotalMib: 23_308,
  eccErrors: 0,
  mode: 'FULL',
  processes: [],
}

function host(result: Partial<CommandResult>, asked: string[][] = []): SourceIo {
  return {
    run(command, args) {
      asked.push([command, ...args])
      const none = new Uint8Array()
      return Promise.resolve({ exitCode: 0, stdout: none, stderr: none, failure: null, ...result })
    },
    get: () => Promise.reject(new Error('cnmon does not use HTTP')),
    stream: () => 'busy',
    hasCommand: (command) => Promise.resolve(command === 'cnmon'),
  }
}
const read = (result: Partial<CommandResult>, asked: string[][] = []) =>
  source.read({
    io: host(result, asked),
    target: { address: 'cnmon', node: 'n1' },
    config: { command: 'cnmon' },
    nowMs: 0,
    timeoutMs: 5000,
    memory: new Map(),
  })

describe('reading the tool', () => {
  it('asks for the box, and only that', async () => {
    const asked: string[][] = []
    const got = await read({ stdout: bytes(writeCnmonBox([CARD], TOOL)) }, asked)
    expect(asked).toEqual([['cnmon']])
    expect(got.outcome).toBe('ok')
    expect(source.fallbackFor).toEqual(['mlu-exporter'])
  })

  it.each([
    [{ failure: 'not_found' as const }, 'absent', 'command_not_found'],
    [{ failure: 'timeout' as const }, 'failed', 'timeout'],
    [{ failure: 'not_permitted' as const }, 'failed', 'not_permitted'],
    [{ failure: 'too_large' as const }, 'failed', 'too_large'],
    [{ failure: 'spawn_failed' as const }, 'failed', 'spawn_failed'],
    [{ exitCode: 127 }, 'absent', 'command_not_found'],
    [{ exitCode: 1 }, 'failed', 'empty_output'],
    [{ stdout: bytes('\n\n') }, 'failed', 'empty_output'],
    [{ stderr: bytes('sh: 1: cnmon: not found\n') }, 'absent', 'command_not_found'],
    [{ stdout: bytes('ERROR: No driver found\n') }, 'failed', 'driver_not_running'],
    [{ stdout: bytes('cndevInit failed\n') }, 'failed', 'driver_not_running'],
    [{ stdout: bytes('No MLU device\n') }, 'failed', 'no_device'],
    [{ stdout: bytes('open /dev/cambricon_dev0: Permission denied\n') }, 'failed', 'not_permitted'],
    [{ stdout: bytes('hello\n') }, 'failed', 'not_cnmon'],
    [{ stdout: bytes(writeCnmonBox([], TOOL)) }, 'failed', 'empty_box'],
  ])('%o is %s, %s: never an idle card', async (result, outcome, reason) => {
    const got = await read(result)
    expect([got.outcome, got.reason, got.devices]).toEqual([outcome, reason, []])
    expect(got.detail).toMatch(/[.]$/)
  })

  it('is found by its command', async () => {
    const config = { command: 'cnmon' }
    expect((await source.detect(host({}), config, 'n')).state).toBe('present')
    expect((await source.detect(host({}), { command: '/opt/x' }, 'n')).state).toBe('absent')
  })
})

describe('the box', () => {
  it.each(['4.20', '5.10-sriov', '5.10-mode'] as const)(
    'what the simulated tool prints is what the source reads: %s',
    (box) => {
      const text = writeCnmonBox([CARD, { ...CARD, card: 1, bus: '0000:41:00.0' }], {
        ...TOOL,
        box,
      })
      const got = interpret(text)
      expect(got.rejectedByReason).toEqual({})
      expect(got.devices.map((device) => device.keys[0])).toEqual(
        box === '4.20'
          ? ['slot:mlu0/0', 'slot:mlu1/0']
          : ['slot:0000:21:00.0/0', 'slot:0000:41:00.0/0'],
      )
      expect(got.devices[0]?.metrics).toEqual({
        busy_ratio: 0.37,
        fan_ratio: 0.2,
        temperature_celsius: 44,
        power_watts: 131,
        power_limit_watts: 150,
        memory_used_bytes: 9120 * 1_048_576,
        memory_total_bytes: 23_308 * 1_048_576,
        process_count: 0,
      })
      expect(got.devices[0]?.labels['virtual_mode']).toBe(box === '5.10-mode' ? 'full' : undefined)
    },
  )

  it('virtual memory is not memory', () => {
    const got = interpret(writeCnmonBox([CARD], { ...TOOL, box: '4.20' }))
    expect(Object.values(got.devices[0]?.metrics ?? {})).not.toContain(1_048_576 * 1_048_576)
    expect(got.ignored).toContain('vMemory-Usage')
  })

  it('N/A and a card that gives nothing are null, and the card is failed rather than idle', () => {
    const none = { utilPercent: null, powerWatts: null, temperatureCelsius: null }
    const [some, nothing] = interpret(
      writeCnmonBox(
        [
          { ...CARD, ...none },
          {
            ...CARD,
            ...none,
            card: 1,
            bus: '0000:41:00.0',
            memoryTotalMib: 0,
            memoryUsedMib: 0,
            fanPercent: 0,
          },
        ],
        TOOL,
      ),
    ).devices
    expect(some?.metrics).toMatchObject({ busy_ratio: null, power_watts: null })
    expect(some?.failed).toBeNull()
    expect(nothing?.failed).toBe('no_readings')
  })

  it('a card that prints zeros could not be read: never an idle card', () => {
    const zero = {
      ...CARD,
      utilPercent: 0,
      temperatureCelsius: 0,
      powerWatts: 0,
      memoryTotalMib: 0,
    }
    const got = interpret(writeCnmonBox([zero, { ...CARD, card: 1, bus: '0000:24:00.0' }], TOOL))
    expect(got.devices.map(({ failed }) => failed)).toEqual(['zero_filled_row', null])
    expect(got.devices[0]?.metrics).toEqual({})
    expect(got.rejectedByReason).toEqual({ zero_filled_row: 1 })
  })

  it('processes: counted by card; a box that ends before them leaves them unknown', () => {
    const busy = {
      ...CARD,
      processes: [
        { pid: 1, command: 'a b', mib: 5 },
        { pid: 2, command: 'c', mib: 6 },
      ],
    }
    const text = writeCnmonBox([busy, { ...CARD, card: 1, bus: '0000:41:00.0' }], TOOL)
    const counts = (printed: string) =>
      interpret(printed).devices.map((device) => device.metrics.process_count)
    expect(counts(text)).toEqual([2, 0])
    expect(counts(text.slice(0, text.indexOf('Processes:') - 2))).toEqual([null, null])
  })
})

describe('boards of two cards', () => {
  const card = (number: number, bus: string | null, watts: number | null, name = 'MLU370-X8') => ({
    card: number,
    name,
    bus,
    vf: null,
    watts,
  })
  const seconds = (cards: readonly ReturnType<typeof card>[]) =>
    [...pairBoards(cards).seconds].map((each) => each.card)

  it('neighbours by bus with the same watts, a moment apart, are one board', () => {
    const cards = [
      card(0, '0000:39:00.0', 106),
      card(1, '0000:3D:00.0', 108),
      card(2, '0000:A1:00.0', 106),
      card(3, '0000:A5:00.0', 106),
    ]
    expect(seconds(cards)).toEqual([1, 3])
    expect(seconds(cards.toReversed())).toEqual([1, 3])
  })

  it('a lone card, far cards and other models keep their own figures', () => {
    expect(seconds([card(0, '0000:39:00.0', 106)])).toEqual([])
    expect(seconds([card(0, '0000:39:00.0', 106), card(1, '0000:A1:00.0', 106)])).toEqual([])
    expect(
      seconds([card(0, '0000:39:00.0', 30, 'MLU370-X4'), card(1, '0000:3D:00.0', 30, 'MLU370-X4')]),
    ).toEqual([])
  })

  it('neighbours with other watts are not paired and said to be unclear', () => {
    const pairing = pairBoards([card(0, '0000:39:00.0', 106), card(1, '0000:3D:00.0', 180)])
    expect([pairing.seconds.size, pairing.unclear.length]).toEqual([0, 1])
  })

  it('where the first card prints no power, the second stands for the board', () => {
    const pairing = pairBoards([card(0, '0000:39:00.0', null), card(1, '0000:3D:00.0', 106)])
    expect([...pairing.firsts].map((each) => each.card)).toEqual([1])
    expect([...pairing.seconds].map((each) => each.card)).toEqual([0])
  })

  it('without buses cards 0 and 1, 2 and 3 are boards', () => {
    expect(
      seconds([card(0, null, 106), card(1, null, 106), card(2, null, 99), card(3, null, 99)]),
    ).toEqual([1, 3])
    expect(seconds([card(1, null, 106), card(2, null, 106)])).toEqual([])
  })
})

describe('any input', () => {
  const box = writeCnmonBox(
    [CARD, { ...CARD, card: 1, name: 'MLU370-X8', bus: '0000:41:00.0' }],
    TOOL,
  )
  const expectInRange = (got: Interpretation) => {
    for (const device of got.devices)
      for (const [name, value] of Object.entries(device.metrics)) {
        const definition = metricDefinition(name)
        if (definition !== undefined && typeof value === 'number')
          expect(isPlausible(definition, value), `${name} ${value}`).toBe(true)
      }
  }

  it('gives values inside the catalogue or none, however the box is damaged', () => {
    const junk = fc.constantFrom('|', '-', '99999', '%', 'N/A', '\n', '🀄', '/', ' MiB', '{')
    fc.assert(
      fc.property(fc.nat(box.length), fc.nat(9), junk, (at, cut, text) => {
        expectInRange(interpret(box.slice(0, at) + text + box.slice(at + cut)))
      }),
      { numRuns: 300 },
    )
  })

  it('damaged or strange JSON is refused without a throw', () => {
    const entry = fc.jsonValue({ maxDepth: 4 })
    fc.assert(
      fc.property(entry, entry, (one, two) => {
        expectInRange(
          interpret(JSON.stringify({ CnmonInfo: [one, { CardNum: 1, PCI: two, UUID: one }] })),
        )
      }),
      { numRuns: 200 },
    )
    expect(interpret('{"CnmonInfo": [').reason).toBe('not_cnmon')
    expect(interpret(`{"CnmonInfo":${'['.repeat(50_000)}`).outcome).toBe('failed')
    expect(interpret(`{"CnmonInfo":${'['.repeat(5000)}${']'.repeat(5000)}}`).outcome).toBe('failed')
  })

  it('bounds cards and takes linear time', () => {
    const many = interpret(
      writeCnmonBox(
        Array.from({ length: 300 }, (_, card) => ({
          ...CARD,
          card,
          bus: `0000:${(card % 256).toString(16).padStart(2, '0')}:0${card >> 8}.0`,
        })),
        TOOL,
      ),
    )
    expect(many.devices.length).toBeLessThanOrEqual(256)
    expect(many.rejectedByReason['too_many_cards']).toBe(44)
    for (const text of [
      '| 0 / MLU370-X8 v1 | a | b |\n',
      '|  0%   44C  1 W/ 2 W | ',
      '| '.repeat(50),
      'driver '.repeat(20),
      `| 0 / MLU370-X8 v1 | a | b |\n|  0%   44C${' '.repeat(4000)}x | a | b |\n`,
    ]) {
      const startedMs = performance.now()
      const input = bytes(text.repeat(Math.floor(4e6 / text.length)))
      source.interpret(input)
      source.recognize(input)
      expect(performance.now() - startedMs, text).toBeLessThan(4000)
    }
  })
})
