import type { MetricName } from '#schemas/metrics.ts'

/** Labels that say which device a row is about and who uses it; spellings differ by version and flags. */
export type LabelRole =
  | 'gpu'
  | 'uuid'
  | 'bus'
  | 'model'
  | 'host'
  | 'instance'
  | 'profile'
  | 'pod'
  | 'namespace'
  | 'container'
  | 'exported_pod'
  | 'exported_namespace'
  | 'exported_container'
  | 'job'
  | 'nvlink'
  | 'nvswitch'
  | 'cpu'
  | 'cpucore'
  | 'xid'
  | 'window'

/** Lower-case label name -> role; matched without regard to case. */
export const LABEL_ROLES: ReadonlyMap<string, LabelRole> = new Map<string, LabelRole>([
  ['gpu', 'gpu'],
  ['uuid', 'uuid'],
  ['gpu_uuid', 'uuid'],
  ['pci_bus_id', 'bus'],
  ['modelname', 'model'],
  ['model_name', 'model'],
  ['hostname', 'host'],
  ['gpu_i_id', 'instance'],
  ['gpu_i_profile', 'profile'],
  ['pod', 'pod'],
  ['pod_name', 'pod'],
  ['namespace', 'namespace'],
  ['pod_namespace', 'namespace'],
  ['container', 'container'],
  ['container_name', 'container'],
  ['exported_pod', 'exported_pod'],
  ['exported_pod_name', 'exported_pod'],
  ['exported_namespace', 'exported_namespace'],
  ['exported_pod_namespace', 'exported_namespace'],
  ['exported_container', 'exported_container'],
  ['exported_container_name', 'exported_container'],
  ['hpc_job', 'job'],
  ['nvlink', 'nvlink'],
  ['nvswitch', 'nvswitch'],
  ['cpu', 'cpu'],
  ['cpucore', 'cpucore'],
  ['xid', 'xid'],
  ['window_size_in_ms', 'window'],
])

/**
 * Lower-case label name -> name of the fact in a reading's labels. Only one of them may hold the word
 * `driver`: its change is taken for a driver restart.
 */
export const FACT_LABELS: ReadonlyMap<string, string> = new Map([
  ['dcgm_fi_driver_version', 'driver_version'],
  ['dcgm_fi_system_driver_version', 'driver_version'],
  ['driver_version', 'driver_version'],
  ['dcgm_fi_dev_serial', 'serial'],
  ['dcgm_fi_dev_board_serial', 'serial'],
  ['dcgm_fi_dev_vbios_version', 'vbios_version'],
  ['vbios_version', 'vbios_version'],
  ['dcgm_fi_dev_brand', 'brand'],
  ['dcgm_fi_dev_gpu_brand', 'brand'],
  ['dcgm_fi_dev_name', 'device_name'],
  ['dcgm_fi_dev_gpu_name', 'device_name'],
  ['dcgm_fi_dev_minor_number', 'minor_number'],
  ['dcgm_fi_dev_gpu_minor_number', 'minor_number'],
  ['dcgm_fi_cuda_driver_version', 'cuda_version'],
  ['dcgm_fi_nvml_version', 'nvml_version'],
  ['dcgm_fi_system_nvml_version', 'nvml_version'],
])

/** Ratios of an instance that make sense for the board when weighted by compute share. */
export const SHARE_WEIGHTED: readonly MetricName[] = [
  'gr_engine_active_ratio',
  'sm_active_ratio',
  'tensor_active_ratio',
]

/** Pods that are the exporter itself; with Prometheus in between its own labels can end up on rows. */
export const EXPORTER_POD = /dcgm-exporter/i
