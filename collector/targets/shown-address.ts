/** Longest address that is shown. */
const TEXT = 1024

/**
 * An address for screens, logs and messages: without user, password, token and query values. Takes whatever
 * a person may have typed, also what is no URL: with a scheme or without, and lists of servers between
 * commas. All up to the last `@` is taken for a secret, since one that is not escaped may hold a `/` or `,`.
 */
export function shownAddress(address: string): string {
  return address
    .split(/,\s*(?=[a-z][a-z\d+.-]*:\/\/)/i)
    .map(shownOne)
    .join(',')
    .slice(0, TEXT)
}

function shownOne(address: string): string {
  const scheme = /^\s*[a-z][a-z\d+.-]*:\/\//i.exec(address)?.[0] ?? ''
  const rest = address.slice(scheme.length)
  const query = rest.search(/[?#]/)
  const place = query === -1 ? rest : rest.slice(0, query)
  // A query without any path before it, and an `@` in it, is the rest of a password.
  const isTorn = query !== -1 && !place.includes('/') && rest.includes('@', query)
  if (isTorn) return scheme.trimStart() + rest.slice(rest.lastIndexOf('@') + 1)
  const shown = scheme.trimStart() + place.slice(place.lastIndexOf('@') + 1)
  return query === -1 ? shown : `${shown}?…`
}
