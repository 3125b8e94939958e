/** Names of Explore, without the checker: the browser needs them and not zod. */

/** How the values of a step become one. The figures of the ledger are sums and know no other than `avg`. */
export const EXPLORE_STATS = ['avg', 'min', 'p5', 'p95', 'max'] as const

/** `fleet` = settled figures of a group as a whole; the others: readings of each device, node or meter. */
export const EXPLORE_FAMILIES = ['fleet', 'device', 'node', 'meter'] as const
