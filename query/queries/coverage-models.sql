-- Which metrics the devices of each model gave in the last 90 s: one count per metric, in catalogue order (a test
-- compares). Cheap: of the values only the null maps are read.
WITH
  given AS
  (
    SELECT
      device_id,
      maxForEach([
        toUInt8(isNotNull(busy_ratio)),
        toUInt8(isNotNull(gr_engine_active_ratio)),
        toUInt8(isNotNull(gpu_util_ratio)),
        toUInt8(isNotNull(npu_util_ratio)),
        toUInt8(isNotNull(aicore_ratio)),
        toUInt8(isNotNull(sm_active_ratio)),
        toUInt8(isNotNull(sm_occupancy_ratio)),
        toUInt8(isNotNull(tensor_active_ratio)),
        toUInt8(isNotNull(aicube_ratio)),
        toUInt8(isNotNull(aivector_ratio)),
        toUInt8(isNotNull(fp64_active_ratio)),
        toUInt8(isNotNull(fp32_active_ratio)),
        toUInt8(isNotNull(fp16_active_ratio)),
        toUInt8(isNotNull(memory_bandwidth_active_ratio)),
        toUInt8(isNotNull(memory_controller_busy_ratio)),
        toUInt8(isNotNull(encoder_busy_ratio)),
        toUInt8(isNotNull(decoder_busy_ratio)),
        toUInt8(isNotNull(power_watts)),
        toUInt8(isNotNull(power_limit_watts)),
        toUInt8(isNotNull(energy_joules_total)),
        toUInt8(isNotNull(temperature_celsius)),
        toUInt8(isNotNull(memory_temperature_celsius)),
        toUInt8(isNotNull(temperature_margin_celsius)),
        toUInt8(isNotNull(sm_clock_hertz)),
        toUInt8(isNotNull(sm_clock_max_hertz)),
        toUInt8(isNotNull(memory_clock_hertz)),
        toUInt8(isNotNull(memory_used_bytes)),
        toUInt8(isNotNull(memory_free_bytes)),
        toUInt8(isNotNull(memory_reserved_bytes)),
        toUInt8(isNotNull(memory_total_bytes)),
        toUInt8(isNotNull(host_memory_used_bytes)),
        toUInt8(isNotNull(clock_event_reasons)),
        toUInt8(isNotNull(throttle_power_seconds_total)),
        toUInt8(isNotNull(throttle_thermal_seconds_total)),
        toUInt8(isNotNull(throttle_hardware_seconds_total)),
        toUInt8(isNotNull(pcie_tx_bytes_per_second)),
        toUInt8(isNotNull(pcie_rx_bytes_per_second)),
        toUInt8(isNotNull(pcie_replay_total)),
        toUInt8(isNotNull(scaleup_bytes_per_second)),
        toUInt8(isNotNull(scaleup_tx_bytes_per_second)),
        toUInt8(isNotNull(scaleup_rx_bytes_per_second)),
        toUInt8(isNotNull(ecc_corrected_total)),
        toUInt8(isNotNull(ecc_uncorrected_total)),
        toUInt8(isNotNull(remapped_rows_corrected_total)),
        toUInt8(isNotNull(remapped_rows_uncorrected_total)),
        toUInt8(isNotNull(row_remap_failed)),
        toUInt8(isNotNull(row_remap_pending)),
        toUInt8(isNotNull(xid_code)),
        toUInt8(isNotNull(health_code)),
        toUInt8(isNotNull(performance_state)),
        toUInt8(isNotNull(voltage_volts)),
        toUInt8(isNotNull(process_count)),
        toUInt8(isNotNull(temperature_slowdown_celsius)),
        toUInt8(isNotNull(power_limit_default_watts)),
        toUInt8(isNotNull(power_limit_max_watts)),
        toUInt8(isNotNull(fan_ratio)),
        toUInt8(isNotNull(pcie_link_generation)),
        toUInt8(isNotNull(pcie_link_generation_max)),
        toUInt8(isNotNull(pcie_link_width)),
        toUInt8(isNotNull(pcie_link_width_max)),
        toUInt8(isNotNull(scaleup_tx_bytes_total)),
        toUInt8(isNotNull(scaleup_rx_bytes_total)),
        toUInt8(isNotNull(scaleup_errors_total)),
        toUInt8(isNotNull(scaleup_links_up)),
        toUInt8(isNotNull(scaleup_links_down)),
        toUInt8(isNotNull(network_tx_bytes_per_second)),
        toUInt8(isNotNull(network_rx_bytes_per_second)),
        toUInt8(isNotNull(network_link_up)),
        toUInt8(isNotNull(network_link_ups_total)),
        toUInt8(isNotNull(ecc_corrected_lifetime_total)),
        toUInt8(isNotNull(ecc_uncorrected_lifetime_total)),
        toUInt8(isNotNull(retired_pages_total)),
        toUInt8(isNotNull(retired_pages_pending)),
        toUInt8(isNotNull(remap_banks_exhausted)),
        toUInt8(isNotNull(aicpu_ratio)),
        toUInt8(isNotNull(heartbeat_total))
      ]) AS has
    FROM samples
    WHERE ts > fromUnixTimestamp64Milli({now_ms:Int64} - 90000, 'UTC')
      AND ts <= fromUnixTimestamp64Milli({now_ms:Int64} + 60000, 'UTC')
    GROUP BY device_id
  ),
  current AS
  (
    SELECT device_id, argMax(model, (at, log_position)) AS model, argMax(cluster, (at, log_position)) AS cluster
    FROM devices
    WHERE device_id IN (SELECT device_id FROM given)
    GROUP BY device_id
  )
SELECT
  current.model AS key,
  count() AS devices,
  sumForEach(has) AS counts,
  count() OVER () AS total
FROM given
INNER JOIN current ON current.device_id = given.device_id
WHERE empty({clusters:Array(String)}) OR current.cluster IN {clusters:Array(String)}
GROUP BY key
ORDER BY key ASC
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
