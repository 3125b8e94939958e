import type { Facts } from '../facts.ts'
import { type Finding, text } from '../finding.ts'

/** Vendor tools on PATH: which, which version, and whether they answer at all. */
export function checkTools({ tools }: Facts): Finding[] {
  return tools.map(({ command, path, version, failure }): Finding => {
    if (failure === 'timeout')
      return {
        id: 'tool-hangs',
        status: 'problem',
        subject: command,
        seen: text(
          `${path} did not answer in time and was stopped`,
          `${path} 未按时应答，已被终止`,
        ),
        why: text(
          'a tool that hangs is usually stuck in a driver call: a device is lost or the driver is half up',
          '工具挂起通常卡在驱动调用中：设备丢失或驱动未就绪',
        ),
        fix: text(
          'look at dmesg; end other runs of the tool; if they cannot be ended, reboot the node',
          '查看 dmesg；结束该工具的其他进程；若无法结束，重启节点',
        ),
      }
    const said = version ?? (failure === null ? '' : failure)
    const seen = said === '' ? path : `${path}, ${said}`
    return { id: 'tool', status: 'ok', subject: command, seen: text(seen, seen) }
  })
}
