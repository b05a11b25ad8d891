import { beforeEach, describe, expect, it, vi } from 'vitest';
import { OdoError } from '../../../src/errors/odo-error.ts';
import { againAfterEngineTrouble } from '../../../src/run/engine-trouble.ts';

const trouble = () => new OdoError('ENGINE_FAILED', 'The engine broke the connection.');

describe('work on an engine that has trouble', () => {
  const { signal } = new AbortController();
  let notices: string[];
  const again = (work: () => Promise<string>) =>
    againAfterEngineTrouble(signal, (message) => notices.push(message), work);

  beforeEach(() => {
    notices = [];
  });

  it('is done again, and says why', async () => {
    const work = vi.fn(async () => 'done').mockRejectedValueOnce(trouble());
    expect(await again(work)).toBe('done');
    expect(notices).toEqual(['The engine broke the connection.']);
  });

  it('is not done again when the engine refuses', async () => {
    const refusal = new OdoError('ENGINE_FAILED', 'No such container.', { details: { statusCode: 404 } });
    const work = vi.fn().mockRejectedValue(refusal);
    await expect(again(work)).rejects.toBe(refusal);
    expect(work).toHaveBeenCalledOnce();
  });

  it('is given up after three more attempts, and so is what it is a part of', async () => {
    const part = vi.fn().mockImplementation(() => Promise.reject(trouble()));
    await expect(again(() => again(part))).rejects.toThrow('The engine broke the connection.');
    expect(part).toHaveBeenCalledTimes(4);
  }, 30_000);
});
