/** `plimsoll-fleet-trend-2026-05-01.png`: the day is the site's. */
export function fileName(slug: string, ending: 'png' | 'csv', nowMs: number, zone: string): string {
  const date = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).format(nowMs)
  const plain = slug
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')
  return `plimsoll-${plain.slice(0, 60)}-${date}.${ending}`
}
