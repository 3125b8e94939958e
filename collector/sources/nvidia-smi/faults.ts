import type { FaultDescription } from '#schemas/faults.ts'
import { recoveryFault } from '../../vendors/nvidia-recovery.ts'

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
    zh: '排空节点并重启，必要时断电；检查插卡、供电和 PCIe；若再次出现则更换板卡。',
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
  if (type === 'recovery_action') return recoveryFault(code)
  if (type === 'board_health') return own(BOARD_HEALTH, code)
  return type === 'device_unreadable' ? own(UNREADABLE, code) : null
}

const own = (
  table: Readonly<Record<string, FaultDescription>>,
  code: string,
): FaultDescription | null => (Object.hasOwn(table, code) ? (table[code] ?? null) : null)
