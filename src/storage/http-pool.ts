import { type ClientRequest, Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { HttpRangeLocation } from './range-location.ts';

const settings = {
  keepAlive: true,
  // The newest first: the others fall idle and close when fewer are needed.
  scheduling: 'lifo',
  maxSockets: 256,
  maxFreeSockets: 64,
  /** Idle connections end before most stores and load balancers end them. @unit ms */
  timeout: 15_000,
} as const;

/** Connections of this thread, by origin. Idle ones do not keep the process alive. */
const agents = {
  'http:': new HttpAgent(settings),
  'https:': new HttpsAgent(settings),
};

/** The signed GET, not answered yet. */
export function startRequest(location: HttpRangeLocation): ClientRequest {
  const { protocol, hostname, port, path, headers } = location;
  const options = { method: 'GET', protocol, hostname, port, path, headers };
  const request =
    protocol === 'https:'
      ? requestHttps({ ...options, agent: agents['https:'] })
      : requestHttp({ ...options, agent: agents['http:'] });
  request.end();
  return request;
}
