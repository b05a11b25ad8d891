import * as http from 'node:http';
import * as https from 'node:https';
import type Dockerode from 'dockerode';

/** Node's own, and not in its types. */
interface RequestQueue {
  addRequest(request: http.ClientRequest, ...rest: readonly unknown[]): void;
}

/** What dockerode's types leave out. */
interface Modem {
  readonly protocol: 'http' | 'https' | 'ssh';
  agent: http.Agent | undefined;
}

/**
 * Has requests fail whose answer breaks off. dockerode waits for the end of an answer's body, and when the connection
 * ends before it, neither end nor error comes to it: it would wait for ever. Over ssh its own agent is used.
 */
export function withWholeAnswers(docker: Dockerode): Dockerode {
  const modem = docker.modem as unknown as Modem;
  if (modem.protocol !== 'ssh') modem.agent = wholeAnswersAgent(modem.protocol);
  return docker;
}

function wholeAnswersAgent(protocol: 'http' | 'https'): http.Agent {
  const agent = protocol === 'https' ? new https.Agent(settings) : new http.Agent(settings);
  const queue = agent as unknown as RequestQueue;
  const add = queue.addRequest.bind(agent);
  queue.addRequest = (request, ...rest) => {
    request.once('response', (answer) => {
      answer.once('close', () => {
        if (!answer.complete) request.emit('error', new BrokenAnswer());
      });
    });
    add(request, ...rest);
  };
  return agent;
}

/** Those of Node's global agent. */
const settings = { keepAlive: true, scheduling: 'lifo', timeout: 5000 } as const;

/** Shaped as Node's own. */
class BrokenAnswer extends Error {
  readonly code = 'ECONNRESET';

  constructor() {
    super('The connection was closed before the answer ended.');
  }
}
