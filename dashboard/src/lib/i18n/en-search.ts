/** Texts of the palette that Ctrl+K opens; loaded with it. */
export const enSearch = {
  title: 'Go to',
  hint: 'Node, UUID, serial, job, tenant, rack, rule, page',
  results: 'Found',
  recent: 'Lately',
  none: (typed: string) => `Nothing is called “${typed}”.`,
  noneText:
    'A part of a name, UUID, serial, slot or device number is enough; devices from three letters on.',
  empty:
    'Type a part of a name. Two words must both be in it; “node 5” is the device of that index.',
  more: 'There is more: type on.',
  offline: 'The server does not answer; pages can still be reached.',
  searching: 'Searching',
  all: (typed: string) => `All devices with “${typed}”`,
  found: (n: string) => (n === '1' ? '1 find' : `${n} finds`),
  devices: (n: string) => (n === '1' ? '1 device' : `${n} devices`),
  kinds: {
    page: 'Page',
    node: 'Node',
    device: 'Device',
    job: 'Job',
    tenant: 'Tenant',
    rack: 'Rack',
    hall: 'Hall',
    cluster: 'Cluster',
    rule: 'Alert rule',
  },
  keys: { move: 'choose', open: 'open', close: 'close' },
}

export type SearchTexts = typeof enSearch
