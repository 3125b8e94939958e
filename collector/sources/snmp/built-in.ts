import { Profile } from './profile.ts'
import { apcRpdu2, apcUps } from './profiles/apc.ts'
import { cyberpowerPdu, cyberpowerUps } from './profiles/cyberpower.ts'
import { infrapowerPdu } from './profiles/infrapower.ts'
import { raritanPdu, raritanPdu2 } from './profiles/raritan.ts'
import { servertechSentry4 } from './profiles/servertech.ts'
import { upsMib } from './profiles/ups-mib.ts'
import { vertivPdu } from './profiles/vertiv.ts'

/**
 * Profiles that come with the source, in the order in which a device is compared with them: what a maker says about its own
 * device beats the standard MIB beside it.
 */
export const BUILT_IN: readonly Profile[] = [
  apcRpdu2,
  apcUps,
  raritanPdu2,
  raritanPdu,
  vertivPdu,
  servertechSentry4,
  cyberpowerPdu,
  cyberpowerUps,
  infrapowerPdu,
  upsMib,
].map((profile) => Profile.parse(profile))
