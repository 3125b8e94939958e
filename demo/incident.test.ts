import { describe, expect, it } from 'vitest'
import { INCIDENT_MS } from './fleet/incident.ts'
import { createIncident } from './incident.ts'

function handIncident() {
  const state = { nowMs: 1_800_000_000_000 }
  return { state, incident: createIncident({ clock: () => state.nowMs, delayMs: 90_000 }) }
}

describe('the incident', () => {
  it('plays once by itself, ninety seconds after the fleet went live, and ends', () => {
    const { state, incident } = handIncident()
    state.nowMs += 1_000_000
    expect(incident.startMs()).toBeNull()
    incident.arm()
    const liveMs = state.nowMs
    state.nowMs += 89_999
    expect([incident.running(), incident.caption()]).toEqual([false, null])
    state.nowMs += 5_001
    expect(incident.running()).toBe(true)
    expect(incident.startMs()).toBe(liveMs + 90_000)
    expect(incident.caption()?.en).toContain('loses flow')
    state.nowMs = liveMs + 90_000 + INCIDENT_MS
    expect([incident.running(), incident.caption()]).toEqual([false, null])
    state.nowMs += 1_000_000
    expect(incident.running()).toBe(false)
  })

  it('plays on demand, does not start over while it plays, and is not played again by itself', () => {
    const { state, incident } = handIncident()
    incident.arm()
    state.nowMs += 10_000
    incident.play()
    const startMs = state.nowMs
    state.nowMs += 100_000
    incident.play()
    expect(incident.startMs()).toBe(startMs)
    state.nowMs = startMs + INCIDENT_MS + 1
    expect(incident.running()).toBe(false)
    incident.play()
    expect(incident.startMs()).toBe(state.nowMs)
  })
})
