import { describe, expect, it } from 'vitest'
import { recoveryFault, recoveryOfNumber, recoveryOfText } from './nvidia-recovery.ts'

describe('recovery actions', () => {
  it('have one code, whether a tool prints a number or words', () => {
    const words = ['None', 'GPU Reset', 'Node Reboot', 'Drain P2P', 'Drain and Reset']
    expect(words.map(recoveryOfText)).toEqual([0, 1, 2, 3, 4].map(recoveryOfNumber))
    expect(recoveryOfText(' Reset ')).toBe('reset')
    expect(recoveryOfNumber(9)).toBe('9')
  })

  it('carry severity and advice in both languages, also those we do not know', () => {
    for (const code of ['reset', 'reboot', 'drain_p2p', 'drain_and_reset', '9', '__proto__']) {
      const { name, action } = recoveryFault(code)
      for (const text of [name, action]) {
        expect(text.en.length).toBeGreaterThan(10)
        expect(text.zh).toMatch(/\p{Script=Han}/u)
      }
    }
    expect(recoveryFault('drain_p2p').severity).toBe('warning')
    expect(recoveryFault('drain_and_reset').severity).toBe('critical')
  })
})
