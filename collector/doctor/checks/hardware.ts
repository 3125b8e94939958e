import type { BusCard, Facts } from '../facts.ts'
import { type Finding, listed, type OpenFinding, text } from '../finding.ts'
import { allTargets, seenDevices, sysfsAddress, wholeDevices } from '../seen-devices.ts'
import { type CardVendor, vendorEntries, vendorOfReading, VENDORS } from '../vendors.ts'

/** Drivers that hand a card to a virtual machine: it is not ours to read. */
const PASSED_ON = /^(vfio-pci|pci-stub|xen-pciback)$/

/** Cards on the bus against device files and against what the sources of this machine show. */
export function checkHardware(facts: Facts): Finding[] {
  const { cards } = facts
  const findings = [...fileFindings(facts)]
  if (cards === null || cards.length === 0) return [...findings, ...nothingFound(facts)]
  for (const [vendor, { name }] of vendorEntries) {
    const ours = cards.filter((card) => card.vendor === vendor)
    if (ours.length === 0) continue
    const seen = `${name}: ${ours.length}`
    findings.push({ id: 'cards-on-bus', status: 'ok', subject: name, seen: text(seen, seen) })
    findings.push(...driverFindings(vendor, ours, facts))
  }
  return [...findings, ...compareWithSources(facts, cards)]
}

function fileFindings({ deviceFiles, host }: Facts): Finding[] {
  return vendorEntries.flatMap(([vendor, hardware]): Finding[] => {
    const ours = deviceFiles.filter((file) => file.vendor === vendor)
    const refused = ours.filter(({ isUsable }) => !isUsable)
    if (ours.length === 0) return []
    const count = `${ours.length}`
    if (refused.length === 0)
      return [
        {
          id: 'permissions',
          status: 'ok',
          subject: hardware.name,
          seen: text(`${count} device files can be used`, `${count} 个设备文件均可使用`),
        },
      ]
    const names = listed(refused.map(({ path, mode }) => `${path} (${mode ?? '?'})`))
    return [
      {
        id: 'permissions',
        status: 'problem',
        subject: hardware.name,
        seen: text(`may not be opened: ${names.en}`, `无权打开：${names.zh}`),
        why: text(
          `the tools of ${hardware.name} answer nothing, or an error, to a user who may not open these files`,
          `无权打开这些文件的用户运行 ${hardware.name} 的工具得不到结果，或只得到错误`,
        ),
        fix: host.isRoot
          ? text(
              'even root is refused: the container or its device policy blocks them; pass the devices to the container',
              'root 也被拒绝：容器或其设备策略阻止了访问；请把设备传入容器',
            )
          : text(`run the collector as ${hardware.group}`, `以 ${hardware.group} 运行采集器`),
      },
    ]
  })
}

function driverFindings(
  vendor: CardVendor,
  ours: readonly BusCard[],
  { deviceFiles }: Facts,
): OpenFinding[] {
  const { name } = VENDORS[vendor]
  const findings: OpenFinding[] = []
  const bare = ours.filter(({ driver }) => driver === null)
  const passed = ours.filter(({ driver }) => driver !== null && PASSED_ON.test(driver))
  if (bare.length > 0 || passed.length > 0) {
    const cards = listed([...bare, ...passed].map(({ address }) => address))
    const isBare = bare.length > 0
    findings.push({
      id: 'card-without-driver',
      status: isBare ? 'problem' : 'info',
      subject: name,
      seen: isBare
        ? text(`no driver is bound to ${cards.en}`, `未绑定驱动：${cards.zh}`)
        : text(`handed to a virtual machine: ${cards.en}`, `已直通给虚拟机：${cards.zh}`),
      why: isBare
        ? text('no tool can read a card without its driver', '没有驱动，任何工具都无法读取该卡')
        : text('only the guest can read such a card', '只有虚拟机内能读取该卡'),
      fix: isBare
        ? text(
            'install or load the driver (after an upgrade: reboot) and look at dmesg',
            '安装或加载驱动（升级后请重启），并查看 dmesg',
          )
        : text('run a collector inside the guest', '在虚拟机内运行采集器'),
    })
  }
  const files = deviceFiles.filter((file) => file.vendor === vendor)
  if (files.length === 0 && ours.length > passed.length)
    findings.push({
      id: 'device-files',
      status: 'problem',
      subject: name,
      seen: text(
        `${ours.length} on the bus, but no device file under /dev`,
        `总线上有 ${ours.length} 块卡，但 /dev 下没有设备文件`,
      ),
      why: text('the tools talk to the driver through these files', '工具通过这些文件与驱动通信'),
      fix: text(
        'load the driver; in a container: pass the devices to it (--gpus, --device, the device plugin), or run the collector on the host',
        '加载驱动；在容器中：传入设备（--gpus、--device 或设备插件），或在主机上运行采集器',
      ),
    })
  return findings
}

/** A card on the bus that no source shows, and a device that a source shows at an address without a card. */
function compareWithSources(facts: Facts, cards: readonly BusCard[]): Finding[] {
  const here = wholeDevices(seenDevices(facts)).filter(({ views }) =>
    views.some(({ target }) => target.isHere),
  )
  const shown = here.flatMap(({ views }) =>
    views.flatMap(({ reading }) => (reading.bus === null ? [] : [sysfsAddress(reading.bus)])),
  )
  const byAddress = new Set(shown)
  const onBus = new Set(cards.map(({ address }) => address))
  const findings: Finding[] = []
  for (const [vendor, hardware] of vendorEntries) {
    const ours = cards.filter(
      (card) => card.vendor === vendor && !PASSED_ON.test(card.driver ?? ''),
    )
    const seen = here.filter(({ views }) =>
      views.some(({ reading }) => vendorOfReading(reading.vendor) === vendor),
    )
    const located = seen.filter(({ views }) => views.some(({ reading }) => reading.bus !== null))
    // Tools that name no bus address can only be counted: each such device stands for one card.
    const unlocated = seen.length - located.length
    const unread = ours.filter(({ address }) => !byAddress.has(address)).slice(unlocated)
    if (unread.length > 0)
      findings.push(unreadFinding(hardware, unread, ours.length, isShare(facts, seen)))
    const stray = located.filter(
      ({ views }) =>
        !views.some(({ reading }) => reading.bus !== null && onBus.has(sysfsAddress(reading.bus))),
    )
    if (stray.length > 0) {
      const buses = listed(stray.map(({ views }) => views[0]?.reading.bus ?? '?'))
      findings.push({
        id: 'card-not-on-bus',
        status: 'warning',
        subject: hardware.name,
        seen: text(
          `shown by a source, but not on this machine's bus: ${buses.en}`,
          `来源显示但本机总线上没有：${buses.zh}`,
        ),
        why: text(
          'a card that just fell off the bus, a stale page, or an exporter of another machine behind a local address',
          '可能是刚掉线的卡、陈旧的页面，或本地地址后面是另一台机器的导出器',
        ),
        fix: text(
          'look at dmesg; name the node of a forwarded exporter in the configuration (targets: address, node)',
          '查看 dmesg；若为转发的导出器，请在配置中写明其节点（targets: address, node）',
        ),
      })
    }
  }
  return findings
}

/** A container sees the whole host's bus, but only the cards it was given. */
const isShare = ({ host }: Facts, seen: readonly unknown[]) =>
  host.containerHint !== null && seen.length > 0

function unreadFinding(
  { name, tools }: { readonly name: string; readonly tools: string },
  unread: readonly BusCard[],
  all: number,
  isPartOfHost: boolean,
): OpenFinding {
  const cards = listed(unread.map(({ address }) => address))
  return {
    id: 'card-unread',
    status: isPartOfHost ? 'warning' : 'problem',
    subject: name,
    seen: text(
      `${unread.length} of ${all} on the bus, but in no source: ${cards.en}`,
      `总线上 ${all} 块卡中有 ${unread.length} 块未被任何来源读到：${cards.zh}`,
    ),
    why: text(
      'such a card is not counted at all: neither as capacity nor as lost',
      '这样的卡完全不被计入：既不算容量，也不算损失',
    ),
    fix: text(
      `make one of these work here: ${tools}; if others of its kind are shown, this one is lost: look at dmesg, reset or replace it`,
      `在此启用其一：${tools}；若同类卡可见，则此卡已丢失：查看 dmesg，复位或更换`,
    ),
  }
}

function nothingFound(facts: Facts): Finding[] {
  const isAnything = allTargets(facts).length > 0 || facts.sources.some(({ isNamed }) => isNamed)
  if (isAnything) return []
  return [
    {
      id: 'nothing-found',
      status: 'warning',
      subject: '',
      seen: text(
        'no accelerator on the bus that can be seen from here, and no source found',
        '此处看不到总线上的加速卡，也没有找到任何来源',
      ),
      why: text('a collector started here would read nothing', '在此启动的采集器读不到任何数据'),
      fix: text(
        "name what to read: --target 'node[01-40]:9400', or a configuration file (--config)",
        "指定要读取的目标：--target 'node[01-40]:9400'，或配置文件（--config）",
      ),
    },
  ]
}
