import { describe, expect, it } from 'vitest';
import { connectDocker } from '../../../src/docker/client.ts';
import { EngineCalls } from '../../../src/docker/engine-calls.ts';
import { engineError, isConflict, isNotFound } from '../../../src/docker/engine-error.ts';
import { OdoError } from '../../../src/errors/odo-error.ts';
import { fromErrorData, toErrorData } from '../../../src/errors/serialize.ts';

function answer(statusCode: number, message: string): Error {
  const error = new Error(`(HTTP code ${statusCode}) server error - ${message} `);
  return Object.assign(error, { statusCode, json: { message } });
}

describe('an error of the engine', () => {
  it('carries the engine’s own message and what was asked', () => {
    expect(engineError(answer(500, 'driver failed'), 'create the volume pgdata')).toMatchObject({
      code: 'ENGINE_FAILED',
      message: 'The Docker engine could not create the volume pgdata: driver failed',
      details: { statusCode: 500 },
    });
  });

  it('still tells not found and conflict apart after it went through the journal', () => {
    const missing = fromErrorData(toErrorData(engineError(answer(404, 'no such volume'), 'look')));
    const taken = fromErrorData(toErrorData(engineError(answer(409, 'name in use'), 'create')));
    expect([isNotFound(missing), isConflict(missing)]).toEqual([true, false]);
    expect([isNotFound(taken), isConflict(taken)]).toEqual([false, true]);
  });

  it('says that there is no space left', () => {
    expect(engineError(answer(500, 'write /odo-target/x: no space left on device'), 'write')).toMatchObject({
      code: 'NOT_ENOUGH_SPACE',
    });
  });

  it('is not wrapped twice', () => {
    const error = new OdoError('TARGET_CHANGED', 'mine');
    expect(engineError(error, 'look')).toBe(error);
  });

  it('keeps the reason of an abort', async () => {
    const reason = new Error('interrupted by the operator');
    const controller = new AbortController();
    const asking = new EngineCalls('unix:///run/docker.sock').ask('wait', controller.signal, async () => {
      controller.abort(reason);
      throw new Error('socket hang up');
    });
    await expect(asking).rejects.toBe(reason);
  });
});

describe('an engine that is not there', () => {
  it('is unreachable, with a hint', async () => {
    await expect(connectDocker({ address: 'unix:///no/such/docker.sock' })).rejects.toMatchObject({
      code: 'ENGINE_UNREACHABLE',
      message: 'The Docker engine at unix:///no/such/docker.sock does not answer.',
      hint: expect.stringContaining('DOCKER_HOST'),
    });
    await expect(connectDocker({ address: 'tcp://127.0.0.1:1' })).rejects.toMatchObject({
      code: 'ENGINE_UNREACHABLE',
    });
  });

  it('is not looked for at an address that is none', async () => {
    await expect(connectDocker({ address: 'nonsense' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
