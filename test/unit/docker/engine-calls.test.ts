import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectDocker, type Docker } from '../../../src/docker/client.ts';
import { isEngineTrouble } from '../../../src/docker/engine-error.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const json =
  (body: unknown, status = 200): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
const hangUp: Answer = (request) => void request.socket.destroy();
const half: Answer = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
  response.write('{"Name":', () => response.socket?.destroy());
};

/** An engine whose answers a test gives, in their order; the last one stays. */
describe('a call to an engine', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let server: Server;
  let answers: Answer[];
  let asked: string[];
  const connect = () => connectDocker({ address: `unix://${join(directory.path, 'engine.sock')}` });

  beforeEach(async () => {
    directory = await temporaryDirectory();
    answers = [];
    asked = [];
    server = createServer((request, response) => {
      if (request.url?.endsWith('/_ping')) return void response.end('OK');
      asked.push(`${request.method} ${request.url}`);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      answer?.(request, response);
    });
    server.listen(join(directory.path, 'engine.sock'));
    await new Promise((resolve) => server.once('listening', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await directory[Symbol.asyncDispose]();
  });

  it.each([
    ['hangs up', hangUp],
    ['breaks off in its answer', half],
    ['has trouble', json({ message: 'try again' }, 500)],
  ])('is made again when the engine %s', async (_what, trouble) => {
    answers = [trouble, json({ Name: 'pgdata', Labels: {} })];
    const docker = await connect();
    expect(await docker.volumes.inspect('pgdata')).toMatchObject({ Name: 'pgdata' });
    expect(asked).toHaveLength(2);
  });

  it('fails after a few attempts, and names the engine and what was asked for', async () => {
    answers = [hangUp];
    const docker = await connect();
    const error = await docker.volumes.inspect('pgdata').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringMatching(/engine\.sock could not look at the volume pgdata: socket hang up/),
      hint: expect.stringContaining('docker info'),
    });
    expect(isEngineTrouble(error)).toBe(true);
    expect(asked).toHaveLength(6);
  });

  it('is not made again when the engine refuses', async () => {
    answers = [json({ message: 'name in use' }, 409)];
    const docker = await connect();
    const error = await docker.containers
      .create({ name: 'x', Image: 'y' })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ENGINE_FAILED', details: { statusCode: 409 } });
    expect(isEngineTrouble(error)).toBe(false);
    expect(asked).toHaveLength(1);
  });

  it.each<[string, (docker: Docker, signal: AbortSignal) => Promise<unknown>]>([
    ['an image', ({ images }, signal) => images.inspect('postgres:17', signal)],
    ['a volume', ({ volumes }, signal) => volumes.inspect('pgdata', signal)],
    ['a container', ({ containers }, signal) => containers.inspect('db', signal)],
    ['the engine', (docker, signal) => docker.info(signal)],
  ])(
    'about %s that is given up keeps no connection, for which odo would wait at its end',
    async (_of, ask) => {
      const given = new AbortController();
      const connection = Promise.withResolvers<Socket>();
      answers = [(request) => connection.resolve(request.socket)];
      const asking = ask(await connect(), given.signal);
      const socket = await connection.promise;
      const closed = once(socket, 'close');
      given.abort(new Error('given up'));
      await expect(asking).rejects.toThrow('given up');
      await closed;
    },
  );

  it('finds the container that it made, when the answer to that got lost', async () => {
    const made = {
      Id: 'abc',
      Config: { Image: 'y', Labels: { run: '1', also: '2' } },
      State: { Status: 'created' },
    };
    answers = [hangUp, json(made)];
    const docker = await connect();
    expect(await docker.containers.create({ name: 'x', Image: 'y', Labels: { run: '1' } })).toBe('abc');
    expect(asked.map((line) => line.split(' ')[0])).toEqual(['POST', 'GET']);
  });

  it('makes the container again when the one of that name is another’s', async () => {
    const other = { Id: 'abc', Config: { Image: 'y', Labels: {} }, State: { Status: 'created' } };
    answers = [hangUp, json(other), json({ message: 'name in use' }, 409)];
    const docker = await connect();
    const error = await docker.containers
      .create({ name: 'x', Image: 'y', Labels: { run: '1' } })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ details: { statusCode: 409 } });
  });

  it('waits for a container again, unless it has ended meanwhile', async () => {
    const state = (Running: boolean, ExitCode: number) => json({ State: { Running, ExitCode } });
    answers = [hangUp, state(true, 0), hangUp, state(false, 3)];
    const docker = await connect();
    expect(await docker.containers.wait('x')).toBe(3);
  });
});
