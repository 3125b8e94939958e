import { describe, expect, it } from 'vitest'
import { die, host, text } from './source.testing.ts'

const MINUTE = 60_000
const DAY = 86_400_000

describe('what the box lacks', () => {
  it('asks for what the box lacks at slow rhythms of their own', async () => {
    const { asked, state, read } = host([die(0, 0, { hbmTemperatureCelsius: 52 })])
    const first = await read(MINUTE, { details: true })
    expect(first.devices[0]?.metrics).toMatchObject({
      memory_temperature_celsius: 52,
      ecc_corrected_total: 0,
      retired_pages_total: 0,
      scaleup_links_up: 7,
      scaleup_links_down: 0,
    })
    expect(first.links).toHaveLength(7)
    const key = first.devices[0]?.keys[0]
    expect(first.links?.[6]).toMatchObject({ deviceKey: key, link: 'hccs/7' })
    const askedAt = async (minutes: number) => {
      await read(minutes * MINUTE, { details: true })
      return asked.filter((line) => /memory|hccs|ecc/.test(line)).map((line) => line.split(' ')[2])
    }
    expect(await askedAt(2)).toEqual([])
    expect(await askedAt(3)).toEqual(['memory'])
    expect(await askedAt(6)).toEqual(['memory', 'hccs'])
    expect(await askedAt(11)).toEqual(['memory', 'hccs', 'ecc'])
    state.override.set('info -t memory', { failure: 'timeout' })
    const late = await read(15 * MINUTE, { details: true })
    expect(late.devices[0]?.metrics.memory_temperature_celsius ?? null).toBeNull()
  })

  it('the power of a 310P is asked for per card and stored once, on its first chip', async () => {
    const board = { name: '310P3', powerWatts: null, cardPowerWatts: 38.4 }
    const { asked, read } = host([die(4, 0, board), die(4, 1, board)])
    const result = await read(MINUTE, { details: true })
    expect(asked.filter((line) => line.includes('power'))).toEqual(['info -t power -i 4'])
    expect(asked.some((line) => /hccs|memory/.test(line))).toBe(false)
    expect(result.devices.map((each) => each.metrics.power_watts)).toEqual([38.4, null])
    expect(result.devices[0]?.labels['power_scope']).toBe('card')
  })

  it('ECC counters, isolated pages and links that are down are told', async () => {
    const link = { lanes: '1111', txBytes: 2000, rxBytes: 4000, retries: 1, errors: 2 }
    const { read } = host([
      die(0, 0, {
        ecc: {
          singleBit: 3,
          doubleBit: 1,
          lifeSingleBit: 40,
          lifeDoubleBit: 2,
          isolatedPages: 5,
          pagesToIsolate: 1,
        },
        hccs: [link, { ...link, lanes: '0000' }],
      }),
    ])
    const result = await read(MINUTE, { details: true })
    expect(result.devices[0]?.metrics).toMatchObject({
      ecc_corrected_total: 3,
      ecc_uncorrected_total: 1,
      ecc_corrected_lifetime_total: 40,
      ecc_uncorrected_lifetime_total: 2,
      retired_pages_total: 5,
      retired_pages_pending: 1,
      scaleup_links_up: 1,
      scaleup_links_down: 1,
      scaleup_tx_bytes_total: 4000,
      scaleup_rx_bytes_total: 8000,
      scaleup_errors_total: 4,
    })
    expect(result.links?.map((each) => each.metrics)).toEqual([
      {
        link_up: 1,
        link_rate_bytes_per_second: 28e9,
        link_tx_bytes_total: 2000,
        link_rx_bytes_total: 4000,
        link_replays_total: 1,
        link_errors_total: 2,
      },
      expect.objectContaining({ link_up: 0, link_rate_bytes_per_second: 0 }),
    ])
  })

  it('a status that says "not supported" without a text stops the query for a day too', async () => {
    const { asked, state, read } = host([die(0, 0)])
    state.override.set('info -t hccs', { ...text(''), exitCode: 193 })
    await read(MINUTE, { details: true })
    await read(7 * MINUTE, { details: true })
    expect(asked.some((line) => line.includes('hccs'))).toBe(false)
    await read(DAY + 8 * MINUTE, { details: true })
    expect(asked).toContain('info -t hccs -i 0 -c 0')
  })
})
