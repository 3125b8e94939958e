import type { TreeFacts } from '../collector/doctor/facts.ts'
import { shownAddress } from '../collector/targets/shown-address.ts'
import { FacilityTreeAnswer } from '#schemas/api-facility-tree.ts'
import { askServer, jsonOf } from './server-request.ts'

/** Asks a server which meters people entered, and how it finds them. Never rejects. */
export async function askTree(base: string, token: string | undefined): Promise<TreeFacts> {
  const from = shownAddress(base)
  try {
    const url = new URL('/api/v1/facility/tree', base)
    const answer = FacilityTreeAnswer.parse(await jsonOf(await askServer(url, { token })))
    const meters = answer.meters.map(({ meter, state }) => ({ meter, state }))
    return { from, problem: null, meters }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    return { from, problem: problem.slice(0, 300), meters: [] }
  }
}
