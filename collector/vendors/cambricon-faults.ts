import type { Bilingual, FaultClass, FaultDescription } from '#schemas/faults.ts'

/**
 * Cambricon calls its device errors XID as NVIDIA does; the numbers have nothing in common. Numbers and meanings
 * are those of the public header of the vendor's device library (cndev.h, enum cndevXidEnum_t); its list has
 * only grown at the end. Newer drivers also report larger codes of another scheme that is not published: those
 * stay visible as they are. Classes, severities and advice are ours.
 */

type Action = keyof typeof ACTIONS

const ACTIONS = {
  job: {
    en: 'Look at the job that ran there first; suspect the card only if several jobs fail on it.',
    zh: '先检查当时在该卡上运行的作业；只有多个作业都在此卡上失败时才怀疑硬件。',
  },
  reset: {
    en: 'Drain the node, save the output of cnmon and the kernel log, and reset the card; replace it if the error comes back.',
    zh: '排空节点，保存 cnmon 输出和内核日志，复位该卡；若再次出现则更换该卡。',
  },
  memory: {
    en: 'Drain the card and reset it so that the memory repair takes effect; replace it if repairs run out or fail.',
    zh: '排空该卡并复位，使显存修复生效；修复资源耗尽或失败则更换。',
  },
  watch: {
    en: 'Watch for repeats; plan a reset if they become frequent.',
    zh: '留意是否反复出现；频繁出现则安排复位。',
  },
  link: {
    en: 'Check the MLU-Link cables and the error counters of both ends; reset the card, then reseat or replace the link.',
    zh: '检查 MLU-Link 线缆和两端错误计数；先复位该卡，仍出现则重插或更换链路。',
  },
  cool: {
    en: 'Check fans, air flow and inlet temperature of the node; move load away until the card is cool.',
    zh: '检查节点风扇、风道和进风温度；降温前迁走负载。',
  },
  power_cycle: {
    en: 'Drain the node, power-cycle it, then check seating, power and PCIe; replace the card if it comes back.',
    zh: '排空节点并断电重启，检查插卡、供电和 PCIe；若再次出现则更换该卡。',
  },
  look_up: {
    en: "Look the code up in the vendor's documentation of this driver version and in the kernel log of the node.",
    zh: '在该驱动版本的厂商文档和节点内核日志中查询该代码。',
  },
} as const satisfies Record<string, Bilingual>

type Row = readonly [
  code: number,
  symbol: string,
  faultClass: FaultClass,
  severity: FaultDescription['severity'],
  en: string,
  zh: string,
  action: Action,
]

const ROWS: readonly Row[] = [
  [
    1,
    'SW_NOTIFY_ERROR',
    'application',
    'warning',
    'Fault of a user application',
    '用户程序错误',
    'job',
  ],
  [2, 'MCU_ERROR', 'firmware', 'critical', 'Micro-controller error', '微控制器错误', 'reset'],
  [3, 'ECC_ERROR', 'memory', 'warning', 'ECC error of DDR or HBM', '显存 ECC 错误', 'watch'],
  [
    4,
    'RPC_ERROR',
    'driver',
    'critical',
    'Host and card cannot communicate',
    '主机与卡通信错误',
    'reset',
  ],
  [
    5,
    'ILLEGAL_ACCESS_ERROR',
    'application',
    'warning',
    'Illegal access to memory or a resource',
    '非法访问内存或资源',
    'job',
  ],
  [
    6,
    'D2D_CRC_ERROR',
    'hardware',
    'critical',
    'CRC error between dies',
    '芯粒间 CRC 错误',
    'reset',
  ],
  [7, 'MLULINK_ERROR', 'link', 'critical', 'MLU-Link error', 'MLU-Link 错误', 'link'],
  [8, 'HBM_ERROR', 'memory', 'critical', 'Memory (HBM or DDR) error', '显存错误', 'memory'],
  [9, 'OVER_TEMP_ERROR', 'thermal', 'critical', 'Over temperature', '温度过高', 'cool'],
  [
    10,
    'PREV_HALT_ERROR',
    'hardware',
    'critical',
    'The card halted before',
    '该卡此前已停止工作（halt）',
    'reset',
  ],
  [11, 'PCIE_REPLAY_ERROR', 'bus', 'warning', 'PCIe replays', 'PCIe 重传错误', 'watch'],
  [
    12,
    'HEARTBEAT_ERROR',
    'firmware',
    'fatal',
    'Heart beat of the card lost',
    '该卡心跳丢失',
    'reset',
  ],
  [
    13,
    'PAGE_RETIREMENT_ERROR',
    'memory',
    'warning',
    'Memory page retired or row remapped',
    '显存页隔离或行重映射',
    'memory',
  ],
  [
    14,
    'FALLEN_OFF_ERROR',
    'bus',
    'fatal',
    'Card fell off the bus',
    '掉卡（脱离总线）',
    'power_cycle',
  ],
  [15, 'DBE_ECC_ERROR', 'memory', 'critical', 'Double-bit ECC error', '双比特 ECC 错误', 'memory'],
  [16, 'PCIE_DMA_ERROR', 'bus', 'critical', 'PCIe DMA fault', 'PCIe DMA 错误', 'reset'],
  [
    17,
    'STOPPED_PROCESSING_ERROR',
    'application',
    'warning',
    'Core dump on the card',
    '卡上程序发生 core dump',
    'job',
  ],
  [18, 'SMMU_ERROR', 'hardware', 'critical', 'Memory management unit error', 'SMMU 错误', 'reset'],
  [19, 'MLULINK_REPLAY_ERROR', 'link', 'warning', 'MLU-Link replays', 'MLU-Link 重传错误', 'link'],
  [
    20,
    'IPU_RESET_ERROR',
    'hardware',
    'critical',
    'Compute core could not be reset',
    'IPU 复位错误',
    'reset',
  ],
  [21, 'PCIE_LINK_ERR', 'bus', 'critical', 'PCIe link error', 'PCIe 链路错误', 'power_cycle'],
  [
    22,
    'PCIE_CTX_ERR',
    'bus',
    'critical',
    'PCIe BAR address error',
    'PCIe BAR 地址错误',
    'power_cycle',
  ],
  [23, 'NOC_BUS_ERR', 'hardware', 'critical', 'On-chip bus error', '片上总线错误', 'reset'],
  [24, 'DEV_SYS_0_ERR', 'hardware', 'critical', 'Device system error', '设备系统错误', 'reset'],
  [
    25,
    'PAGE_ADDRESS_RESOURCE_EXCEEDED_ERR',
    'memory',
    'critical',
    'Firmware can note no more memory pages to repair',
    '固件显存修复地址资源耗尽',
    'memory',
  ],
  [
    26,
    'PAGE_RETIREMENT_RESOURCE_EXCEEDED_ERR',
    'memory',
    'critical',
    'Driver can retire no more memory pages',
    '驱动显存页隔离资源耗尽',
    'memory',
  ],
  [
    27,
    'MLULINK_CDR_LOSS',
    'link',
    'critical',
    'MLU-Link receiver lost its lock',
    'MLU-Link SerDes CDR 失锁',
    'link',
  ],
  [
    28,
    'MLULINK_FATAL_ERR_HIGH_FREQ_LOCAL_FAULT',
    'link',
    'critical',
    'MLU-Link: many local faults in one second',
    'MLU-Link 一秒内本端故障过多',
    'link',
  ],
  [
    29,
    'MLULINK_FATAL_ERR_HIGH_FREQ_REMOTE_FAULT',
    'link',
    'critical',
    'MLU-Link: many remote faults in one second',
    'MLU-Link 一秒内对端故障过多',
    'link',
  ],
  [
    30,
    'MLULINK_FATAL_ERR_LOCAL_FAULT',
    'link',
    'critical',
    'MLU-Link stopped by a local fault',
    'MLU-Link 因本端故障断开',
    'link',
  ],
  [
    31,
    'MLULINK_FATAL_ERR_REMOTE_FAULT',
    'link',
    'critical',
    'MLU-Link stopped by a remote fault',
    'MLU-Link 因对端故障断开',
    'link',
  ],
]

const DESCRIBED: ReadonlyMap<string, { readonly code: number; readonly fault: FaultDescription }> =
  new Map(
    ROWS.flatMap(([code, symbol, faultClass, severity, en, zh, action]) => {
      const fault = { class: faultClass, severity, name: { en, zh }, action: ACTIONS[action] }
      const entry = { code, fault }
      return [
        [String(code), entry],
        [symbol, entry],
      ] as const
    }),
  )

/**
 * One spelling for a code: a decimal number (`0x0E` -> `14`), or the vendor's symbol without its prefix
 * (`CNDEV_XID_HEARTBEAT_ERROR` -> `12`, an unknown one upper case). Null for 0, which says that nothing happened,
 * and for what is no code.
 */
export function cambriconCode(text: string): string | null {
  const word = text.trim()
  if (/^(?:0x[0-9a-f]{1,16}|\d{1,20})$/i.test(word)) {
    // Newer drivers report 64-bit codes.
    const code = BigInt(word)
    return code === 0n ? null : String(code)
  }
  const symbol = /^(?:CNDEV_)?(?:XID_)?([A-Z][A-Z0-9_]{2,63})$/.exec(word.toUpperCase())?.[1]
  if (symbol === undefined || symbol === 'NO_ERROR') return null
  const known = DESCRIBED.get(symbol)
  return known === undefined ? symbol : String(known.code)
}

/** What a code of `cambriconCode` means and what to do. A code that is not in the list stays visible as a warning. */
export function cambriconFault(code: string): FaultDescription {
  const name = `Cambricon XID ${code}`
  return (
    DESCRIBED.get(code)?.fault ?? {
      class: 'unclassified',
      severity: 'warning',
      name: { en: name, zh: `寒武纪 XID ${code}（未公开的代码）` },
      action: ACTIONS.look_up,
    }
  )
}
