/** Who holds a device, shortest useful form first: the job, else the pod, else the tenant. */
export function holderText(holder: Readonly<Record<string, string>> | null): string | null {
  if (holder === null) return null
  const { tenant, job, namespace, pod } = holder
  const what = job ?? (pod === undefined ? undefined : [namespace, pod].filter(Boolean).join('/'))
  const parts = [tenant, what].filter((part) => part !== undefined && part !== '')
  return parts.length === 0 ? null : parts.join(' · ')
}
