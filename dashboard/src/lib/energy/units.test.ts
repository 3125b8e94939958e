import { expect, it } from 'vitest'
import { carbonText, energyText, megawatts, powerText, pueText, signed, usdText } from './units.ts'

const plain = (text: string) => text.replaceAll('\u202f', ' ')

it('amounts have the unit that a person expects', () => {
  expect([4.25, 304.2, 33_719, 2_849_000].map((kwh) => plain(energyText(kwh, 'en')))).toEqual([
    '4.3 kWh',
    '304 kWh',
    '33.7 MWh',
    '2,849 MWh',
  ])
  expect([5.04, 913, 21_540].map((kg) => plain(carbonText(kg, 'en')))).toEqual([
    '5.0 kg',
    '913 kg',
    '21.5 t',
  ])
  expect([1.5, -0.014, 3_036.4, 2_500_000].map((usd) => plain(usdText(usd, 'en')))).toEqual([
    '$1.50',
    '−$0.01',
    '$3,036',
    '$2.50 M',
  ])
  expect([815.8, 1_660, 136_490].map((kw) => plain(powerText(kw, 'en')))).toEqual([
    '815.8 kW',
    '1.660 MW',
    '136.49 MW',
  ])
})

it('a change has the decimals of what changed', () => {
  expect(plain(signed(-9.42, (mw) => megawatts(mw, 'en', 147.9)))).toBe('−9.42 MW')
  expect(plain(signed(0.0255, (mw) => megawatts(mw, 'en', 1.69)))).toBe('+0.026 MW')
})

it('bounds round outwards, exact ones stay as they are', () => {
  expect(pueText(1.1425, 'en', 'down')).toBe('1.142')
  expect(pueText(1.1421, 'en', 'up')).toBe('1.143')
  expect([pueText(1.142, 'en', 'down'), pueText(1.142, 'en', 'up')]).toEqual(['1.142', '1.142'])
})

it('what is missing is a dash', () => {
  for (const text of [energyText, carbonText, usdText, powerText, megawatts, pueText])
    expect([text(null, 'en'), text(Number.NaN, 'zh')]).toEqual(['—', '—'])
})
