/** Object identifiers as SNMP writes them: numbers with dots, without a leading one (`1.3.6.1.2.1.33`). */

const OID = /^\d{1,10}(\.\d{1,10}){1,127}$/

/** Text as an OID without its leading dot, or null. `iso.` and `SNMPv2-SMI::` prefixes of snmpwalk are taken too. */
export function readOid(text: string): string | null {
  const plain = text
    .trim()
    .replace(
      /^(?:SNMPv2-SMI::|\.?iso\.(?:org\.dod\.internet\.private\.)?)(?:enterprises\.)?/,
      (name) => (name.includes('enterprises') ? '1.3.6.1.4.1.' : name.includes('iso') ? '1.' : 'x'),
    )
    .replace(/^\./, '')
  return OID.test(plain) ? plain : null
}

/** What of an OID lies below a root (`4.1.2` below `1.3` of `1.3.4.1.2`); null when it is not below it. */
export function below(root: string, oid: string): string | null {
  return oid.startsWith(root) && oid.charAt(root.length) === '.' ? oid.slice(root.length + 1) : null
}

/** Order of OIDs, number by number: negative when `a` comes first. */
export function compareOids(a: string, b: string): number {
  const left = a.split('.')
  const right = b.split('.')
  for (const [at, part] of left.entries()) {
    const other = right[at]
    if (other === undefined) return 1
    const order = Number(part) - Number(other)
    if (order !== 0) return order
  }
  return left.length - right.length
}
