import type { PublishedPort } from '@libvisor/net'

/**
 * Where the host reaches a port of a guest.
 *
 * @param ports - what is published
 * @param guestPort - the guest's port
 * @returns a URL of the host, or `undefined` where the port is not published
 */
export function publishedUrl(ports: readonly PublishedPort[], guestPort: number): string | undefined {
  const port = ports.find((published) => published.guestPort === guestPort)
  if (port === undefined) return undefined
  const { hostAddress, hostPort } = port
  const everywhere = hostAddress === '0.0.0.0' || hostAddress === '::'
  return `http://${everywhere ? 'localhost' : hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress}:${hostPort}`
}
