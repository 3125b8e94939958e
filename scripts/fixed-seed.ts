/**
 * Property tests draw new cases at every run, except in CI: there a change is judged by itself, not by a case that
 * chance found in somebody else's code. A failure prints its seed either way.
 */
import * as fc from 'fast-check'

if (process.env['CI'] === 'true') fc.configureGlobal({ seed: 20_261 })
