import type { FacilityModel, FacilityMoment } from '../facility/model.ts'
import type { Incident } from '../incident.ts'
import type { Moments } from './moments.ts'

/** The live site: goes on with the fleet, whoever asks first. */
export interface FacilityMoments {
  readonly facility: FacilityModel
  /** The site at this time; never an earlier one than was asked for before. */
  at(nowMs: number): FacilityMoment
}

export function createFacilityMoments(
  facility: FacilityModel,
  moments: Pick<Moments, 'tickAt'>,
  incident: Pick<Incident, 'startMs'>,
): FacilityMoments {
  return {
    facility,
    at(nowMs) {
      facility.advance(moments.tickAt(nowMs), incident.startMs())
      const moment = facility.now()
      if (moment === null) throw new Error('a site has a moment once it was told of a tick')
      return moment
    },
  }
}
