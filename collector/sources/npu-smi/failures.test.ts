import { describe, expect, it } from 'vitest'
import { failureOf, failureOfExit, isIgnoredText } from './failures.ts'

describe('failure texts', () => {
  it.each([
    ['dcmi module initialize failed. ret is -8005', 'failed', 'dcmi_-8005', /run as root|davinci/],
    [
      'dcmi model initialized failed, because the device is used. ret is -8020',
      'failed',
      'dcmi_-8020',
      /another container/,
    ],
    ['Invalid card id.', 'failed', 'invalid_card', /fell off the bus/],
    ['This device does not support querying spod-info.', 'absent', 'not_supported', /not zero/],
    ['NPU is working in SMP mode, the query is not allowed.', 'absent', 'not_supported', /absent/],
    ['The vnpu is not in docker mode, it cannot be asked.', 'absent', 'not_supported', /absent/],
    ['npu get board type failed. ret is 4', 'failed', 'driver_not_ready', /half up/],
    ['Failed to get card number.', 'failed', 'driver_not_ready', /dmesg/],
    ['Failed to execute npu-smi info. ret is 3.', 'failed', 'driver_not_ready', /dmesg/],
    ['Failed to execute npu-smi info. ret is -8012.', 'failed', 'dcmi_-8012', /not ready/],
    ['bash: npu-smi: command not found', 'absent', 'command_not_found', /not an Ascend node/],
    [
      'npu-smi: error while loading shared libraries: libc_sec.so: cannot open shared object file',
      'failed',
      'library_missing',
      /LD_LIBRARY_PATH/,
    ],
  ])('%s', (text, outcome, reason, detail) => {
    expect(failureOf(text)).toMatchObject({ outcome, reason })
    expect(failureOf(text)?.detail).toMatch(detail)
  })

  it('noise, usage lines and warnings beside the box are no failures', () => {
    for (const text of [
      'DrvMngGetConsoleLogLevel failed. (g_conLogLevel=3)',
      'Error parameter of -i',
      'Usage: npu-smi info <watch|-m|-l|-t type> [Options...]',
      '[WARNING] The driver is old.',
    ]) {
      expect(failureOf(text)).toBeNull()
      expect(isIgnoredText(text)).toBe(true)
    }
  })

  it("another tool's missing library is none of ours", () => {
    expect(failureOf('xpu-smi: error while loading shared libraries: libxpuml.so')).toBeNull()
  })
})

describe('exit statuses', () => {
  it.each([
    [187, 'dcmi_-8005'],
    [172, 'dcmi_-8020'],
    [191, 'dcmi_-8001'],
    [190, 'dcmi_-8002'],
    [186, 'dcmi_-8006'],
    [184, 'dcmi_-8008'],
    [180, 'dcmi_-8012'],
    [179, 'dcmi_-8013'],
    [177, 'dcmi_-8015'],
    [175, 'dcmi_-8017'],
    [193, 'not_supported'],
  ])('%d is %s', (status, reason) => {
    expect(failureOfExit(status)?.reason).toBe(reason)
  })

  it('statuses of no DCMI code say nothing', () => {
    for (const status of [0, 1, 2, 127, 137, 255, null]) expect(failureOfExit(status)).toBeNull()
  })
})
