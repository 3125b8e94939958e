-- Clusters that know a node of this name: by its devices, its targets or its facts.
SELECT DISTINCT cluster
FROM
(
  SELECT DISTINCT cluster FROM devices WHERE node = {node:String}
  UNION ALL
  SELECT DISTINCT cluster FROM collection_targets WHERE node = {node:String} AND reason != 'removed'
  UNION ALL
  SELECT DISTINCT cluster FROM node_facts WHERE node = {node:String}
)
ORDER BY cluster ASC
LIMIT 100
