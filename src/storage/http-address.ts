import type { HttpRangeLocation } from './range-location.ts';

export type HttpAddress = Pick<HttpRangeLocation, 'protocol' | 'hostname' | 'port' | 'path'>;

/** A URL taken apart as a located range wants it. */
export const httpAddressOf = ({ protocol, hostname, port, pathname, search }: URL): HttpAddress => ({
  protocol: protocol === 'http:' ? 'http:' : 'https:',
  hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
  port: port === '' ? null : Number(port),
  path: pathname + search,
});
