import type { FaultDescription } from '#schemas/faults.ts'

/**
 * What the driver asks for after a fault (`GPU Recovery Action`; NVML's list as its documentation and the tool's
 * manual page name it), by one code for all tools. `None` is a value too: nothing to do, and no event.
 */
const RECOVERY_ACTIONS: ReadonlyMap<string, FaultDescription> = new Map<string, FaultDescription>([
  [
    'reset',
    {
      class: 'hardware',
      severity: 'critical',
      name: { en: 'The driver asks for a reset of the GPU', zh: '驱动要求复位 GPU' },
      action: {
        en: 'Drain the node, stop what uses the GPU and run `nvidia-smi --gpu-reset -i <index>`; reboot if that fails.',
        zh: '排空节点，停止占用该 GPU 的进程后执行 `nvidia-smi --gpu-reset -i <index>`；失败则重启节点。',
      },
    },
  ],
  [
    'reboot',
    {
      class: 'hardware',
      severity: 'critical',
      name: { en: 'The driver asks for a reboot of the node', zh: '驱动要求重启节点' },
      action: {
        en: 'Drain the node and reboot it; ask for a replacement if it comes back.',
        zh: '排空并重启节点；若再次出现则申请更换。',
      },
    },
  ],
  [
    'drain_p2p',
    {
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
  ],
  [
    'drain_and_reset',
    {
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
  ],
])

/** Codes by the number that DCGM field 1523 gives. */
const BY_NUMBER: readonly (string | null)[] = [
  null,
  'reset',
  'reboot',
  'drain_p2p',
  'drain_and_reset',
]

/** Class, severity and advice of a recovery action; newer drivers may know more of them. */
export function recoveryFault(code: string): FaultDescription {
  return (
    RECOVERY_ACTIONS.get(code) ?? {
      class: 'hardware',
      severity: 'warning',
      name: {
        en: `The driver asks for recovery action ${code}`,
        zh: `驱动要求执行恢复动作 ${code}`,
      },
      action: {
        en: "Look it up in the manual page of nvidia-smi (`GPU Recovery Action`) and in the vendor's guide.",
        zh: '在 nvidia-smi 手册（GPU Recovery Action）和厂商指南中查询该动作。',
      },
    }
  )
}

/** `Drain and Reset`, `GPU Reset`, `Node Reboot` -> `drain_and_reset`, `reset`, `reboot`; null for None. */
export function recoveryOfText(text: string): string | null {
  const word = text
    .trim()
    .toLowerCase()
    .replace(/^(?:gpu|node)\s+/, '')
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, 64)
  return word === 'none' || word === '' ? null : word
}

/** DCGM's number -> the same codes, the number itself for one we do not know; null for 0. */
export function recoveryOfNumber(action: number): string | null {
  const known = BY_NUMBER[action]
  return known === undefined ? String(action) : known
}
