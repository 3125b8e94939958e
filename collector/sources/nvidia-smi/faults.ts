import type { FaultDescription } from '#schemas/faults.ts'

/**
 * What the driver asks for after a fault (`GPU Recovery Action`; NVML's list as its documentation and the
 * tool's manual page name it). `None` is a value too: nothing to do, and no event.
 */
const RECOVERY_ACTIONS: Readonly<Record<string, FaultDescription>> = {
  reset: {
    class: 'hardware',
    severity: 'critical',
    name: { en: 'The driver asks for a reset of the GPU', zh: '驱动要求复位 GPU' },
    action: {
      en: 'Drain the node, stop what uses the GPU and run `nvidia-smi --gpu-reset -i <index>`; reboot if that fails.',
      zh: '排空节点，停止占用该 GPU 的进程后执行 `nvidia-smi --gpu-reset -i <index>`；失败则重启节点。',
    },
  },
  reboot: {
    class: 'hardware',
    severity: 'critical',
    name: { en: 'The driver asks for a reboot of the node', zh: '驱动要求重启节点' },
    action: {
      en: 'Drain the node and reboot it; ask for a replacement if it comes back.',
      zh: '排空并重启节点；若再次出现则申请更换。',
    },
  },
  drain_p2p: {
    class: 'link',
    severity: 'warning',
    name: {
      en: 'The driver asks to stop peer-to-peer traffic of the GPU',
      zh: '驱动要求停止该 GPU 的点对点通信',
    },
    action: {
      en: 'Let the jobs that use NVLink peer-to-peer end, then look at the action again: a reset may follow.',
      zh: '让使用 NVLink 点对点的作业结束，再查看恢复动作：之后可能要求复位。',
    },
  },
  drain_and_reset: {
    class: 'hardware',
    severity: 'critical',
    name: {
      en: 'The driver asks to drain the GPU and reset it',
      zh: '驱动要求排空并复位该 GPU',
    },
    action: {
      en: 'Give the GPU no new work, wait for what runs, then reset it.',
      zh: '不再分配新作业，等待运行中的作业结束后复位该 GPU。',
    },
  },
}

const OTHER_ACTION: FaultDescription = {
  class: 'hardware',
  severity: 'warning',
  name: { en: 'The driver asks for a recovery action', zh: '驱动要求执行恢复动作' },
  action: {
    en: "Look the word up in the manual page of nvidia-smi (`GPU Recovery Action`) and in the vendor's guide.",
    zh: '在 nvidia-smi 手册（GPU Recovery Action）和厂商指南中查询该动作。',
  },
}

const BOARD_HEALTH: Readonly<Record<string, FaultDescription>> = {
  sram_threshold_exceeded: {
    class: 'memory',
    severity: 'critical',
    name: {
      en: 'Uncorrectable SRAM errors are above the limit of the vendor',
      zh: 'SRAM 不可纠正错误超过厂商阈值',
    },
    action: {
      en: 'Drain the node, run the field diagnostics and ask for a replacement of the board.',
      zh: '排空节点，运行现场诊断并申请更换板卡。',
    },
  },
  unrepairable_memory: {
    class: 'memory',
    severity: 'critical',
    name: { en: 'Memory that cannot be repaired', zh: '存在不可修复的显存' },
    action: {
      en: 'Drain the node and ask for a replacement of the board.',
      zh: '排空节点并申请更换板卡。',
    },
  },
  channel_repair_pending: {
    class: 'memory',
    severity: 'warning',
    name: { en: 'A memory channel waits for its repair', zh: '显存通道等待修复' },
    action: {
      en: 'Reset the GPU at the next chance so that the repair takes effect.',
      zh: '在下一次空闲时复位 GPU，使修复生效。',
    },
  },
  tpc_repair_pending: {
    class: 'hardware',
    severity: 'warning',
    name: { en: 'A part of the chip (TPC) waits for its repair', zh: '芯片部件（TPC）等待修复' },
    action: {
      en: 'Reset the GPU at the next chance so that the repair takes effect.',
      zh: '在下一次空闲时复位 GPU，使修复生效。',
    },
  },
  inforom_corrupted: {
    class: 'firmware',
    severity: 'warning',
    name: { en: 'The infoROM of the board is damaged', zh: '板卡 infoROM 已损坏' },
    action: {
      en: 'The figures are still good, lifetime error counts may not be; ask the vendor for an infoROM update or a replacement.',
      zh: '读数仍可用，但累计错误计数可能不可靠；联系厂商更新 infoROM 或更换板卡。',
    },
  },
}

const LOST: FaultDescription = {
  class: 'bus',
  severity: 'fatal',
  name: { en: 'The GPU fell off the bus', zh: 'GPU 已掉卡' },
  action: {
    en: 'Drain the node and reboot it, with a power cycle if needed; check seating, power and PCIe; replace the board if it comes back.',
    zh: '排空节点并重启，必要时断电；检查插接、供电和 PCIe；若再次出现则更换板卡。',
  },
}

const UNREADABLE: Readonly<Record<string, FaultDescription>> = {
  gpu_is_lost: LOST,
  not_found: LOST,
  requires_reset: {
    class: 'hardware',
    severity: 'critical',
    name: { en: 'The GPU cannot be used until it is reset', zh: 'GPU 需复位后才能使用' },
    action: {
      en: 'Stop what uses the GPU and run `nvidia-smi --gpu-reset -i <index>`; reboot the node if that fails.',
      zh: '停止占用该 GPU 的进程后执行 `nvidia-smi --gpu-reset -i <index>`；失败则重启节点。',
    },
  },
  unknown_error: {
    class: 'driver',
    severity: 'critical',
    name: {
      en: 'The driver answers for the GPU with an unknown error',
      zh: '驱动对该 GPU 返回未知错误',
    },
    action: {
      en: 'Look for XID lines in the kernel log (79 = fallen off the bus), drain the node and reboot it.',
      zh: '在内核日志中查找 XID（79 = 掉卡），排空节点并重启。',
    },
  },
}

/** Class, severity and advice of what this tool reports: recovery actions, board health, unreadable devices. */
export function describeFault(type: string, code: string): FaultDescription | null {
  if (type === 'recovery_action') return own(RECOVERY_ACTIONS, code) ?? OTHER_ACTION
  if (type === 'board_health') return own(BOARD_HEALTH, code)
  return type === 'device_unreadable' ? own(UNREADABLE, code) : null
}

const own = (
  table: Readonly<Record<string, FaultDescription>>,
  code: string,
): FaultDescription | null => (Object.hasOwn(table, code) ? (table[code] ?? null) : null)

/** `Drain and Reset`, `GPU Reset`, `Node Reboot` -> `drain_and_reset`, `reset`, `reboot`; null for None. */
export function recoveryCode(text: string): string | null {
  const word = text
    .trim()
    .toLowerCase()
    .replace(/^(?:gpu|node)\s+/, '')
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, 64)
  return word === 'none' || word === '' ? null : word
}
