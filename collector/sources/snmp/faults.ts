import type { FaultDescription } from '#schemas/faults.ts'
import type { Unread } from '#schemas/reading.ts'
import type { FieldFailure } from '../../field-io.ts'

/** Why a device, or the text of a walk, gave nothing; one sentence each, with what to do. */
export const FAILURES = {
  no_variables: {
    reason: 'no_variables',
    detail:
      'There is no SNMP variable in this text; capture one with: snmpwalk -v2c -c … -ObentU <host> .1.3.6.1',
  },
  no_profile: {
    reason: 'no_profile',
    detail:
      'None of the tables we know is there; name a profile of your own under `profiles`, and check that the view of the community shows the maker’s tables.',
  },
  no_values: {
    reason: 'no_values',
    detail:
      'The device has the tables of its profile, and no value in them; see on its own page whether its meters work.',
  },
  no_secret: {
    reason: 'no_secret',
    detail: 'The community or key is not set; see the option that names its variable or file.',
  },
  no_field: {
    reason: 'no_field',
    detail: 'This collector was started without SNMP.',
  },
} as const satisfies Readonly<Record<string, Unread>>

const SENTENCES: Readonly<Record<FieldFailure, string>> = {
  timeout:
    'No answer: SNMP is off, a firewall is between, or the community is wrong, which agents do not say.',
  refused: 'Nothing listens on this port; switch SNMP on at the device or correct the target.',
  dns: 'The host name of the target cannot be resolved; correct the target or the name server.',
  not_permitted:
    'The agent refuses us: user, key or view is wrong; compare with the SNMP settings of the device.',
  too_large:
    'The device has more values than we take from one; read less with a profile of your own.',
  garbage:
    'What came back is no proper SNMP answer; see what else answers on this port, and whether the firmware is current.',
  busy: 'The call before has not ended.',
  tls: 'The transport failed.',
  closed_early: 'The answer broke off.',
  failed: 'The agent reported an error, or the socket failed; see the log of the device.',
}

/** What a failed call means, for a person. */
export const failureOf = (failure: FieldFailure): Unread => ({
  reason: failure,
  detail: SENTENCES[failure],
})

const trap = (
  fault: Omit<FaultDescription, 'name' | 'action'>,
  name: readonly [en: string, zh: string],
  action: readonly [en: string, zh: string],
): FaultDescription => ({
  ...fault,
  name: { en: name[0], zh: name[1] },
  action: { en: action[0], zh: action[1] },
})

const LOOK = ['See the log of the device.', '查看该设备的日志。'] as const

/** Traps that every agent may send (RFC 3418), and those of UPS-MIB (RFC 1628). Makers' own traps have no line here. */
const TRAPS: Readonly<Record<string, FaultDescription>> = {
  '1.3.6.1.6.3.1.1.5.1': trap(
    { class: 'firmware', severity: 'warning' },
    ['The device started anew (cold start)', '设备冷启动'],
    [
      'Its counters may have begun again; see whether it lost power.',
      '其计数器可能已清零；检查是否掉电。',
    ],
  ),
  '1.3.6.1.6.3.1.1.5.2': trap(
    { class: 'firmware', severity: 'info' },
    ['The agent of the device started anew', '设备代理重新启动'],
    LOOK,
  ),
  '1.3.6.1.6.3.1.1.5.3': trap(
    { class: 'network', severity: 'warning' },
    ['A network link of the device went down', '设备网络链路断开'],
    ['See cable and switch port.', '检查网线与交换机端口。'],
  ),
  '1.3.6.1.6.3.1.1.5.4': trap(
    { class: 'network', severity: 'info' },
    ['A network link of the device came up', '设备网络链路恢复'],
    LOOK,
  ),
  '1.3.6.1.6.3.1.1.5.5': trap(
    { class: 'network', severity: 'warning' },
    [
      'Somebody asked the device with a wrong community or user',
      '有人使用错误的团体名或用户访问设备',
    ],
    [
      'See who asks it; correct our own settings if it was us.',
      '确认访问来源；若为本系统，请更正配置。',
    ],
  ),
  '1.3.6.1.2.1.33.2.1': trap(
    { class: 'power', severity: 'critical' },
    ['The UPS runs on battery', 'UPS 正在使用电池供电'],
    ['See its input feed and the minutes that are left.', '检查其输入馈线与剩余时间。'],
  ),
  '1.3.6.1.2.1.33.2.2': trap(
    { class: 'power', severity: 'info' },
    ['A test of the UPS ended', 'UPS 自检结束'],
    LOOK,
  ),
  '1.3.6.1.2.1.33.2.3': trap(
    { class: 'power', severity: 'warning' },
    ['The UPS raised an alarm', 'UPS 产生告警'],
    LOOK,
  ),
  '1.3.6.1.2.1.33.2.4': trap(
    { class: 'power', severity: 'info' },
    ['The UPS took an alarm back', 'UPS 告警解除'],
    LOOK,
  ),
}

/** What a trap is about; null for those of makers, whose meaning stands in their own documents. */
export function describeTrap(code: string): FaultDescription | null {
  // A version 1 trap of an enterprise has a 0 before its number.
  return TRAPS[code] ?? TRAPS[code.replace(/\.0\.(\d+)$/, '.$1')] ?? null
}
