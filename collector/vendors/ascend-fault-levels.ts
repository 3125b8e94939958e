import type { Bilingual, FaultDescription } from '#schemas/faults.ts'

/** What the vendor's cluster software does about a fault by default, mildest first. */
export type FaultLevel =
  | 'no_action'
  | 'watch'
  | 'retry_request'
  | 'restart_job'
  | 'reset_when_free'
  | 'reset_now'
  | 'replace'
  | 'unknown'

/** What a level means for people: how bad, and what to do next. */
export interface LevelAdvice {
  readonly severity: FaultDescription['severity']
  readonly action: Bilingual
}

export const LEVEL_ADVICE: Readonly<Record<FaultLevel, LevelAdvice>> = {
  no_action: {
    severity: 'info',
    action: {
      en: 'No effect on work by itself; watch for repeats.',
      zh: '本身不影响业务，留意是否反复出现。',
    },
  },
  watch: {
    severity: 'warning',
    action: {
      en: 'The chip goes on at reduced health: watch its speed, and check it at the next service window.',
      zh: '芯片处于亚健康状态，仍可运行：关注其性能，并在下一个维护窗口检查。',
    },
  },
  retry_request: {
    severity: 'warning',
    action: {
      en: 'The request failed: let the job repeat it; restart the job if it fails again.',
      zh: '本次请求失败，由作业自行重试；再次失败则重启作业。',
    },
  },
  restart_job: {
    severity: 'critical',
    action: { en: 'Restart the job that uses this chip.', zh: '重启使用该芯片的作业。' },
  },
  reset_when_free: {
    severity: 'critical',
    action: {
      en: 'Drain the chip and reset it once no job uses it.',
      zh: '停止向该芯片派发作业，空闲后复位芯片。',
    },
  },
  reset_now: {
    severity: 'fatal',
    action: {
      en: 'Stop the job and reset the chip; reboot the node if the reset does not help.',
      zh: '停止作业并复位芯片；复位无效则重启节点。',
    },
  },
  replace: {
    severity: 'fatal',
    action: {
      en: 'Isolate the chip: a reset does not help. Ask the vendor for a replacement.',
      zh: '隔离该芯片：复位无法恢复，请联系厂商更换。',
    },
  },
  unknown: {
    severity: 'warning',
    action: {
      en: "Look the code up in the vendor's fault code reference for the driver version of this node.",
      zh: '按该节点的驱动版本在厂商故障码手册中查询该代码。',
    },
  },
}

/**
 * Default handling level of published codes, facts of the vendor's cluster documentation and cloud manual
 * (2025). Where a code stands in two levels there, the stricter one is kept.
 */
const CODES: Readonly<Record<Exclude<FaultLevel, 'unknown'>, string>> = {
  no_action: `
    80E21007 80E38003 80F78006 80C98006 80CB8006 81318006 80A18006 80A18005 80FB8000 8C1F8609 80CD8006
    80CD8003 80A38006 80A38003 80A58006 80A58003 80DE1805 80F18006 80F18003 80DF8006 80E01805 80E18400
    80E01809 80E18401 80E00209 80F38006 80F38003 80E18006 80D38009 819B800D 80DD8008 80DD8007 80B98006
    80BD8006 819B8006 80DE1803 819D8000 81998006 81978006 81978004 815F8006 815F8004 81338006 81338004
    817F8006 817F8004 816F8006 816F8004 814F8006 814F8004 81938006 81938004 81478006 81478004 813B8006
    813B8004 81578006 81578004 81958006 81958004 81078603 8C2FA009 A4025021 A60250C1 A4025081 A214000D
    A414000D A4028801 A4025101 A2140007 A4140007 A2140008 A4140008 A40250E1 A214000A A414000A A4025061
    A4025041 A214000B A414000B A414000C A2140009 A4140009 A4303002 80B78006 80B78005 80E1800F 80DE0200
    814D8006 8C1F860B 8C1F8608 4C1F8608 819B8003 80DF8401 80DF8400 80818200 80818201 80818202 80818203
    80818204 80818205 80F38009`,
  watch:
    '81A3880C 81AD8605 80E20207 81078605 80DE0207 8C2FA001 819B8605 80818C06 8C1F860A 80E18405',
  retry_request: `
    80C98008 80C98002 80C98003 80C98009 80CB8002 80CB8008 80CB8009 80CF8003 81318008 80D58000 80D58009
    80D98008 80DB800A 80DB8000 80DD8000 80DD8003 80C98000 81AB800D 81AB8003 80BD8000 80BB8009 80BD8003
    80BD8009 80BB8000 80BB8003 80BB8008 80BB800A 81AB8008 80C9800A 80CB800A`,
  restart_job: `
    8C204E00 A8028802 A4302003 A4302004 A4302005 A4302006 A4302009 A430200A A6301002 B406009C B4060008
    B4060009 B406000E A60250A1 A2301002 A2303001 B4060006 B4060007 B406000D B4060014 B4060010 B4060011
    80E01801 81B38009 81B38004`,
  reset_when_free: `
    8C0E4E00 8C104E00 8C0C4E00 8C044E00 8C064E00 8C17A005 8C1DA005 8C19A005 8C0A4E00 8C084E00 A4193217
    A4193218 A42A0000 A42F3917 A42F3918 8C464E00 8C124E00`,
  reset_now: `
    8C03A000 8C1FA006 40F84E00 80E24E00 80E21E01 80E38008 80E3A202 80E3A203 80E39200 819B800A 80E2120D
    80E78000 80E78008 80FA4E00 812E4E00 80C78008 80F78009 80F78008 80F78003 80E18404 80FB8005 80A18008
    80CD8008 80A38008 80A58008 80DE1801 80F18008 80F18000 80F1800A 80CF8000 80DF8000 80DF8009 80DF8008
    80DF800A 80F38008 80F2180D 80E18005 80E18008 80E1800A 812F8000 80B98000 80B98008 80BD8008 80CB8001
    81998009 81998008 81978008 815F8008 81338008 817F8008 81478008 813B8008 81578008 81958008 80B78000
    80B58000 81498004 80F78C02 80F78C03 80F78C04 81B38008 80E18000 80E21008 80C98001 80E58005 80E58009
    80E58E02 80E58E03 816F8008 814F8008 81938008 80E44E00 80CF8009 80CF8008 813B8002 81338002 81578002
    81958002 81938002 81478002 81978002 815F8002 81C9800A 81C7800A 81C5800A 813F800A 8139800A 8145800A
    8C4BA00C 80E3A207 A607FFFF A807FFFF A2141004 A2142004 A6060FFF A8060FFF A82A0000 A62FFFFF`,
  replace: `
    80E3A201 80E18402 80E0020B 817F8002 816F8002 814F8002 9419321B A2301000 A2301001 A2302001 A4192C1A
    A4193216 A419321B A419321C A42F390F A42F3916 A42F391A A6183207 A62F3934 A8028801 A819320F A8193234
    A8193235 80818C00 80818C05 80DF8402 4C4BA00C`,
}

const BY_CODE: ReadonlyMap<string, FaultLevel> = new Map(
  (
    [
      'no_action',
      'watch',
      'retry_request',
      'restart_job',
      'reset_when_free',
      'reset_now',
      'replace',
    ] as const
  ).flatMap((level) =>
    CODES[level]
      .trim()
      .split(/\s+/)
      .map((code): [string, FaultLevel] => [code, level]),
  ),
)

/** The level of a canonical code (8 upper-case hex digits); `unknown` where none is published. */
export const faultLevel = (code: string): FaultLevel => BY_CODE.get(code) ?? 'unknown'
