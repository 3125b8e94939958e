import { describe, expect, it } from 'vitest'
import { failureOf } from './failures.ts'
import { readDiscovery } from './parse-discovery.ts'
import { createDmonParser, newRejections } from './parse.ts'
import {
  type DmonLayout,
  simulatedNode,
  writeDiscoveryList,
  writeDmonHeader,
  writeDmonRow,
  writeHierarchy,
} from './simulate.ts'

const LAYOUTS: readonly DmonLayout[] = ['1.4', '2.0', '3.x', '4.4', '4.5']

/** Cells of the rows of a text, `column=cell`, and refusals. */
function parse(text: string) {
  const parser = createDmonParser()
  const rejections = newRejections()
  const rows = text.split('\n').flatMap((line) => parser.line(line, rejections) ?? [])
  return {
    rows: rows.map(({ entity, names, cells }) => ({
      entity,
      cells: Object.fromEntries(names.map((name, at) => [name, cells[at]])),
    })),
    units: rows[0]?.units,
    rejected: rejections.byReason(),
    failures: parser.takeFailures(),
  }
}

describe.each(LAYOUTS)('layout of DCGM %s', (layout) => {
  const fields = [1001, 155, 150, 156]

  it('every cell is read under its name, with the units of the second line', () => {
    const values = new Map([
      [1001, 0.5],
      [155, 71.25],
      [150, 33],
      [156, 4_200_000],
    ])
    const text =
      writeDmonHeader(layout, fields) + writeDmonRow(layout, fields, { entity: 'GPU 7', values })
    const { rows, units, rejected } = parse(text)
    expect(rows).toEqual([
      {
        entity: { kind: 'GPU', id: 7, link: null },
        cells: { GRACT: '0.500', POWER: '71.250', TMPTR: '33', TOTEC: '4200000' },
      },
    ])
    expect(units).toEqual(['', 'W', 'C', 'mJ'])
    expect(rejected).toEqual({})
  })

  it('a blank cell is blank, and shifts no neighbour', () => {
    const blanks = fields.map((blank) => {
      const values = new Map(fields.filter((id) => id !== blank).map((id) => [id, 12]))
      const text =
        writeDmonHeader(layout, fields) + writeDmonRow(layout, fields, { entity: 'GPU 0', values })
      const { rows, rejected } = parse(text)
      expect(rejected).toEqual({})
      return Object.entries(rows[0]?.cells ?? {}).flatMap(([name, cell]) =>
        cell === '' ? name : [],
      )
    })
    expect(blanks).toEqual([['GRACT'], ['POWER'], ['TMPTR'], ['TOTEC']])
  })

  it('a row cut in its middle keeps what stands in its columns, or is dropped and counted', () => {
    const values = new Map(fields.map((id) => [id, 12]))
    const row = writeDmonRow(layout, fields, { entity: 'GPU 0', values })
    for (let length = 0; length < row.length; length += 1) {
      const { rows } = parse(writeDmonHeader(layout, fields) + row.slice(0, length))
      for (const cell of Object.values(rows[0]?.cells ?? {}))
        expect(['', '12', '12.000', ...cutsOf('12.000')]).toContain(cell)
    }
  })
})

const cutsOf = (text: string) => Array.from(text, (_, at) => text.slice(0, at + 1))

describe('rows', () => {
  const fields = [1001, 155]
  const header = writeDmonHeader('4.5', fields)
  const row = (entity: string) =>
    writeDmonRow('4.5', fields, {
      entity,
      values: new Map([
        [1001, 1],
        [155, 2],
      ]),
    })

  it('name what they are about', () => {
    const kinds = ['GPU 3', 'GPU-I 21', 'GPU-CI 4', 'CPU 1', 'SW 0 LINK 12', 'GPU 3 LINK 17']
    const { rows, rejected } = parse(header + kinds.map(row).join(''))
    expect(rows.map(({ entity: { kind, id, link } }) => [kind, id, link])).toEqual([
      ['GPU', 3, null],
      ['GPU-I', 21, null],
      ['GPU-CI', 4, null],
      ['CPU', 1, null],
      ['SW', 0, 12],
      ['GPU', 3, 17],
    ])
    expect(rejected).toEqual({})
  })

  it('with texts in them are read by place: blanks, brackets and cut ones', () => {
    const asked = [54, 155]
    const values = (text: string) =>
      new Map<number, number | string>([
        [54, text],
        [155, 5],
      ])
    const text =
      writeDmonHeader('4.5', asked) +
      ['NVIDIA H200 board', '<<<NULL>>>', 'x'.repeat(80)]
        .map((name) => writeDmonRow('4.5', asked, { entity: 'GPU 0', values: values(name) }))
        .join('')
    expect(parse(text).rows.map(({ cells }) => [cells['UUID#'], cells['POWER']])).toEqual([
      ['NVIDIA H200 board', '5.000'],
      ['<<<NULL>>>', '5.000'],
      [`${'x'.repeat(43)}...`, '5.000'],
    ])
  })

  it('without a header, with a value between columns, or with too many words are dropped and counted', () => {
    expect(parse(row('GPU 0'))).toMatchObject({ rows: [], rejected: { no_header: 1 } })
    const shifted = `${header}GPU 0        1.000  stray 2.000`
    expect(parse(shifted)).toMatchObject({ rows: [], rejected: { column_count: 1 } })
    expect(parse(`${header}GPU 0 1 2 3`)).toMatchObject({ rows: [], rejected: { column_count: 1 } })
  })

  it('go on under a header that comes again, also under one that changed', () => {
    const other = writeDmonHeader('4.5', [150])
    const cold = writeDmonRow('4.5', [150], { entity: 'GPU 0', values: new Map([[150, 31]]) })
    const { rows, rejected } = parse(header + row('GPU 0') + header + row('GPU 0') + other + cold)
    expect(rows.at(-1)?.cells).toEqual({ TMPTR: '31' })
    expect(rows).toHaveLength(3)
    expect(rejected).toEqual({})
  })

  it('of an interrupted run end without an error', () => {
    for (const end of [
      'dmon was stopped due to receiving a signal.',
      'dmon was stopped do to receiving a signal',
    ])
      expect(parse(`${header}${row('GPU 0')}\n\n${end}\n`)).toMatchObject({
        rejected: {},
        failures: [],
      })
  })
})

describe('errors the tool prints', () => {
  it.each([
    [
      'Error setting watches. Result: The third-party Profiling module returned an unrecoverable error',
      'profiling_refused',
    ],
    [
      'Error setting watches. Result: -33: This request is serviced by a module of DCGM that is not currently loaded',
      'profiling_refused',
    ],
    [
      'Error setting watches. Result: Unable to watch one or more of the requested fields because doing so requires the host engine to be running as root.',
      'needs_root',
    ],
    [
      'Error setting watches. Result: Unable to watch one or more of the requested fields because doing so requires a newer driver version than what is currently installed.',
      'driver_too_old',
    ],
    [
      "Error: Got invalid field ID. '1420'. See dcgm_fields.h for a list of valid field IDs.",
      'field_unknown',
    ],
    ['Error: unable to establish a connection to the specified host: localhost', 'no_host_engine'],
    [
      'Error: Unable to connect to host engine. Host engine connection invalid/disconnected.',
      'no_host_engine',
    ],
    ['Error: The field group or entity group is empty.', 'no_data'],
    ['No data returned from the hostengine.', 'no_data'],
    ['Error getting values information.Return: GPU is lost', 'gpu_lost'],
    ['Error getting values information. Return -6: something new', 'dcgm_error'],
    ['sh: dcgmi: command not found', 'command_not_found'],
  ])('%s', (line, reason) => {
    const failure = failureOf(line)
    expect(failure?.reason).toBe(reason)
    expect(failure?.detail.length).toBeGreaterThan(20)
  })

  it('are kept for whoever reads, and counted', () => {
    const text = `${writeDmonHeader('2.0', [1004])}Error setting watches. Result: Profiling\n`
    const { failures, rejected } = parse(text)
    expect(failures.map(({ reason }) => reason)).toEqual(['profiling_refused'])
    expect(rejected).toEqual({ error_line: 1 })
  })
})

describe('the boxes of discovery', () => {
  const discover = (text: string) => {
    const rejections = newRejections()
    const read = readDiscovery(text.split('\n'), rejections)
    return {
      gpus: [...read.gpus.values()],
      instances: [...read.instances.values()],
      rejected: rejections.byReason(),
    }
  }

  it('give UUID, bus and name per GPU id, also where lines are padded and names missing', () => {
    const gpus = simulatedNode(2).map((gpu) => ({ ...gpu, name: gpu.id === 0 ? null : gpu.name }))
    const padded = writeDiscoveryList(gpus).replaceAll('\n', '         \n')
    expect(discover(padded).gpus).toEqual([
      { id: 0, name: null, bus: '0000:1b:00.0', uuid: 'GPU-5ac1e000-0000-4000-8000-100000000000' },
      {
        id: 1,
        name: 'NVIDIA H100 80GB HBM3',
        bus: '0000:2c:00.0',
        uuid: 'GPU-5ac1e000-0000-4000-8000-100000000001',
      },
    ])
  })

  it('that are cut say so; switches and processors are no GPUs', () => {
    const list = writeDiscoveryList(simulatedNode(4))
    const half = list.slice(0, list.indexOf('| 2 '))
    expect(discover(half).rejected).toEqual({ inventory_incomplete: 1 })
    const more = `${list}| CPU ID | Device Information |\n| 7 | Name: Grace TH500 |\n`
    expect(discover(more).gpus.map(({ id }) => id)).toEqual([0, 1, 2, 3])
  })

  it('never merge two GPUs under one UUID, and take no masked one', () => {
    const [first, second] = simulatedNode(2)
    if (first === undefined || second === undefined) throw new Error('two GPUs')
    const twins = discover(writeDiscoveryList([first, { ...second, uuid: first.uuid }]))
    expect(twins.gpus.map(({ uuid }) => uuid)).toEqual([null, null])
    expect(twins.rejected).toEqual({ uuid_not_unique: 1 })
    const masked = { ...first, uuid: 'GPU-00000000-0000-0000-0000-000000000000' }
    expect(discover(writeDiscoveryList([masked])).gpus[0]?.uuid).toBeNull()
  })

  it('of the hierarchy say which instance an entity id is', () => {
    const [gpu] = simulatedNode(1)
    if (gpu === undefined) throw new Error('one GPU')
    const text = writeHierarchy([
      { gpu, gpuInstance: 1, entityId: 28 },
      { gpu, gpuInstance: 5, entityId: 21 },
    ])
    expect(discover(text).instances).toEqual([
      { entityId: 28, gpuUuid: gpu.uuid, gpuId: 0, gpuInstance: 1 },
      { entityId: 21, gpuUuid: gpu.uuid, gpuId: 0, gpuInstance: 5 },
    ])
  })
})
