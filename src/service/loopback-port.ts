import { once } from 'node:events';
import { createServer } from 'node:net';
import { OdoError } from '../errors/odo-error.ts';
import { systemCode } from '../target/fs-errors.ts';

/** Port of 127.0.0.1 that nothing listens on now: the one that was asked for, or any. @throws PRECONDITION_FAILED */
export async function freeLoopbackPort(wanted: number | 'auto'): Promise<number> {
  const server = createServer();
  try {
    server.listen({ host: '127.0.0.1', port: wanted === 'auto' ? 0 : wanted });
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string')
      throw new OdoError('BUG', 'A server on TCP has no port.');
    return address.port;
  } catch (cause) {
    const code = systemCode(cause);
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw cause;
    throw new OdoError(
      'PRECONDITION_FAILED',
      code === 'EADDRINUSE'
        ? `Something listens on port ${wanted} of 127.0.0.1 already.`
        : `This user may not listen on port ${wanted}.`,
      { hint: 'Free the port and resume the run, or start one with another (--port auto takes any).', cause },
    );
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}
