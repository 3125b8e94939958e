-- Finds quiet stretches with hindsight (DEFINITIONS section 4): consecutive quiet minutes of one holder that reach the window
-- of its class are idle from the first minute, others are not. Only stretches that touch the minutes being settled can have
-- changed; what differs from the ledger is written down as rows to add, before anything is added.
--
-- Where nobody says who holds a device, such a stretch is unallocated instead of idle_held.
-- Planned without a look for comparisons that follow from others, as in 015-planned-minutes.sql.
INSERT INTO ledger_moves
(
  pass_from, pass_to, pass_revision, bucket, device_id, revision,
  cluster, hall, rack, pool, node, vendor, model, tenant, job, class, allocation_source, billing, busy_source,
  unallocated_ms, idle_held_ms, productive_ms_x1000,
  busy_unallocated_ms_x1000, busy_idle_held_ms_x1000, power_unallocated_mw_ms, power_idle_held_mw_ms
)
WITH
  toDateTime(intDiv({from_ms:Int64}, 1000), 'UTC') AS own_from,
  toDateTime(intDiv({to_ms:Int64}, 1000), 'UTC') AS own_to,
  -- The longest window; what reaches further back is longer than any.
  toDateTime(intDiv({from_ms:Int64}, 1000) - {window_max_s:Int64}, 'UTC') AS read_from,
  toDateTime(intDiv({to_ms:Int64}, 1000) + {window_max_s:Int64}, 'UTC') AS read_to,
  published AS
  (
    SELECT bucket, max(revision) AS revision
    FROM revisions
    WHERE resolution = '1m'
      AND bucket >= read_from
      AND bucket < read_to
      AND NOT (bucket >= own_from AND bucket < own_to)
    GROUP BY bucket
  ),
  -- A minute that is cut has several rows: it is quiet when none of them shows its holder at work. Where nobody says who
  -- holds, that is somebody unattributed.
  quiet_minutes AS
  (
    SELECT
      device_id, job, class, allocation_source,
      if(allocation_source = 'none', '', tenant) AS holder,
      toUnixTimestamp(bucket) AS at_s,
      sumIf(idle_held_ms + unallocated_ms, capacity_ms = 0) > 0 AS is_moved
    FROM ledger_1m
    WHERE bucket >= read_from
      AND bucket < read_to
      AND (quiet = 1 OR capacity_ms < 60000)
      AND
      (
        (bucket >= own_from AND bucket < own_to AND revision = {revision:UInt32})
        OR (bucket, revision) GLOBAL IN (SELECT bucket, revision FROM published)
      )
    GROUP BY device_id, holder, job, class, allocation_source, at_s
    HAVING max(quiet) = 1
      AND countIf(quiet = 0 AND capacity_ms > 0 AND known_ms > failed_ms + drained_ms) = 0
  ),
  by_holder AS
  (
    SELECT device_id, holder, job, class, allocation_source, arraySort(groupArray((at_s, is_moved))) AS minutes
    FROM quiet_minutes
    GROUP BY device_id, holder, job, class, allocation_source
  ),
  stretches AS
  (
    SELECT
      device_id, holder, job, class, allocation_source,
      arrayJoin(arraySplit(
        (minute, at) -> at > 1 AND minute.1 - minutes[at - 1].1 != 60,
        minutes,
        arrayEnumerate(minutes)
      )) AS stretch
    FROM by_holder
  ),
  changed AS
  (
    SELECT
      device_id, holder, job, class, allocation_source,
      length(stretch) >= multiIf(
        class = 'interactive', {interactive_minutes:UInt32},
        class = 'serving', {serving_minutes:UInt32},
        {training_minutes:UInt32}
      ) AS is_idle,
      arrayJoin(arrayFilter(minute -> minute.2 != is_idle, stretch)).1 AS at_s
    FROM stretches
    WHERE stretch[-1].1 >= toUnixTimestamp(own_from) - 60
      AND stretch[1].1 <= toUnixTimestamp(own_to)
  )
SELECT
  own_from, own_to, {revision:UInt32}, l.bucket, l.device_id, l.revision,
  l.cluster, l.hall, l.rack, l.pool, l.node, l.vendor, l.model, l.tenant, l.job, l.class, l.allocation_source, l.billing, l.busy_source,
  if(l.allocation_source = 'none', c.sign, 0) * toInt64(l.known_ms),
  if(l.allocation_source = 'none', 0, c.sign) * toInt64(l.known_ms),
  -c.sign * toInt64(l.known_ms) * 1000,
  if(l.allocation_source = 'none', c.sign, 0) * toInt64(l.busy_ms_x1000),
  if(l.allocation_source = 'none', 0, c.sign) * toInt64(l.busy_ms_x1000),
  if(l.allocation_source = 'none', c.sign, 0) * toInt64(l.power_mw_ms),
  if(l.allocation_source = 'none', 0, c.sign) * toInt64(l.power_mw_ms)
FROM ledger_1m AS l
INNER JOIN
(
  SELECT device_id, holder, job, class, allocation_source, toDateTime(at_s, 'UTC') AS bucket, if(is_idle, toInt64(1), toInt64(-1)) AS sign
  FROM changed
) AS c
  ON c.device_id = l.device_id AND c.bucket = l.bucket
  AND c.holder = l.tenant AND c.job = l.job AND c.class = l.class AND c.allocation_source = l.allocation_source
WHERE l.bucket >= (SELECT toDateTime(min(at_s), 'UTC') FROM changed)
  AND l.bucket <= (SELECT toDateTime(max(at_s), 'UTC') FROM changed)
  AND l.quiet = 1
  AND
  (
    (l.bucket >= own_from AND l.bucket < own_to AND l.revision = {revision:UInt32})
    OR (l.bucket, l.revision) GLOBAL IN (SELECT bucket, revision FROM published)
  )
SETTINGS optimize_and_compare_chain = 0
