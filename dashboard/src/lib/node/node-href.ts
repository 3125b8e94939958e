/** The page of a node; the cluster tells nodes of one name apart. */
export function nodeHref({ node, cluster }: { readonly node: string; readonly cluster: string }) {
  const query = cluster === '' ? '' : `?${new URLSearchParams({ cluster })}`
  return `/nodes/${encodeURIComponent(node)}${query}`
}
