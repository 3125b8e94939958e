-- The newest sample and how many accepted devices speak: a device whose samples hold no value at all could
-- not be read, and counts as silent. Cheap, of the values only the null maps are read: asked every two seconds.
WITH
  recent AS
  (
    SELECT
      device_id,
      max(ts) AS last_ts,
      max(
        isNotNull(busy_ratio)
        OR isNotNull(gr_engine_active_ratio)
        OR isNotNull(gpu_util_ratio)
        OR isNotNull(npu_util_ratio)
        OR isNotNull(aicore_ratio)
        OR isNotNull(sm_active_ratio)
        OR isNotNull(sm_occupancy_ratio)
        OR isNotNull(tensor_active_ratio)
        OR isNotNull(aicube_ratio)
        OR isNotNull(aivector_ratio)
        OR isNotNull(fp64_active_ratio)
        OR isNotNull(fp32_active_ratio)
        OR isNotNull(fp16_active_ratio)
        OR isNotNull(memory_bandwidth_active_ratio)
        OR isNotNull(memory_controller_busy_ratio)
        OR isNotNull(encoder_busy_ratio)
        OR isNotNull(decoder_busy_ratio)
        OR isNotNull(power_watts)
        OR isNotNull(power_limit_watts)
        OR isNotNull(energy_joules_total)
        OR isNotNull(temperature_celsius)
        OR isNotNull(memory_temperature_celsius)
        OR isNotNull(temperature_margin_celsius)
        OR isNotNull(sm_clock_hertz)
        OR isNotNull(sm_clock_max_hertz)
        OR isNotNull(memory_clock_hertz)
        OR isNotNull(memory_used_bytes)
        OR isNotNull(memory_free_bytes)
        OR isNotNull(memory_reserved_bytes)
        OR isNotNull(memory_total_bytes)
        OR isNotNull(host_memory_used_bytes)
        OR isNotNull(clock_event_reasons)
        OR isNotNull(throttle_power_seconds_total)
        OR isNotNull(throttle_thermal_seconds_total)
        OR isNotNull(throttle_hardware_seconds_total)
        OR isNotNull(pcie_tx_bytes_per_second)
        OR isNotNull(pcie_rx_bytes_per_second)
        OR isNotNull(pcie_replay_total)
        OR isNotNull(scaleup_bytes_per_second)
        OR isNotNull(scaleup_tx_bytes_per_second)
        OR isNotNull(scaleup_rx_bytes_per_second)
        OR isNotNull(ecc_corrected_total)
        OR isNotNull(ecc_uncorrected_total)
        OR isNotNull(remapped_rows_corrected_total)
        OR isNotNull(remapped_rows_uncorrected_total)
        OR isNotNull(row_remap_failed)
        OR isNotNull(row_remap_pending)
        OR isNotNull(xid_code)
        OR isNotNull(health_code)
        OR isNotNull(performance_state)
        OR isNotNull(voltage_volts)
        OR isNotNull(process_count)
        OR isNotNull(temperature_slowdown_celsius)
        OR isNotNull(power_limit_default_watts)
        OR isNotNull(power_limit_max_watts)
        OR isNotNull(fan_ratio)
        OR isNotNull(pcie_link_generation)
        OR isNotNull(pcie_link_generation_max)
        OR isNotNull(pcie_link_width)
        OR isNotNull(pcie_link_width_max)
        OR isNotNull(scaleup_tx_bytes_total)
        OR isNotNull(scaleup_rx_bytes_total)
        OR isNotNull(scaleup_errors_total)
        OR isNotNull(scaleup_links_up)
        OR isNotNull(scaleup_links_down)
        OR isNotNull(network_tx_bytes_per_second)
        OR isNotNull(network_rx_bytes_per_second)
        OR isNotNull(network_link_up)
        OR isNotNull(network_link_ups_total)
        OR isNotNull(ecc_corrected_lifetime_total)
        OR isNotNull(ecc_uncorrected_lifetime_total)
        OR isNotNull(retired_pages_total)
        OR isNotNull(retired_pages_pending)
        OR isNotNull(remap_banks_exhausted)
        OR isNotNull(aicpu_ratio)
        OR isNotNull(heartbeat_total)
      ) AS speaks
    FROM samples
    WHERE ts > fromUnixTimestamp64Milli({now_ms:Int64} - 180000, 'UTC')
      AND ts > fromUnixTimestamp64Milli({now_ms:Int64} - greatest(10000, 3 * toInt64(step_ms)), 'UTC')
    GROUP BY device_id
  ),
  accepted AS
  (
    SELECT DISTINCT device_id
    FROM intervals FINAL
    WHERE kind = 'capacity'
      AND from_at <= fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
      AND to_at > fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
  ),
  partitions AS (SELECT device_id FROM devices WHERE parent_id != 0)
SELECT
  toUnixTimestamp64Milli(max(last_ts)) AS newest_sample_ms,
  countIf(speaks AND device_id IN accepted) AS reporting_devices,
  (SELECT count() FROM accepted) AS accepted_devices,
  countIf(speaks AND device_id NOT IN accepted AND device_id NOT IN partitions) AS pending_devices,
  (
    -- A target whose collector fell silent does not answer either.
    SELECT countIf(outcome = 'failed' OR at < fromUnixTimestamp64Milli({now_ms:Int64} - 180000, 'UTC'))
    FROM collection_targets FINAL
    WHERE reason != 'removed'
  ) AS failed_targets
FROM recent
