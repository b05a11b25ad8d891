import { once } from 'node:events';
import { Readable } from 'node:stream';
import { extract, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { isConflict, isNotFound } from '../../../src/docker/engine-error.ts';
import { runIdLabel } from '../../../src/docker/labels.ts';
import { findEngine, removeEverythingOf, type TestEngine, testRunId } from '../../support/engine.ts';

const engine = await findEngine();

if ('missing' in engine)
  describe.skip(`the Docker client: ${engine.missing}`, () => it('is not tested', () => {}));
else describeClient(engine);

function describeClient({ docker, image }: TestEngine): void {
  const { containers, images, volumes } = docker;

  async function container(...command: string[]) {
    const runId = testRunId();
    const name = `odo-${runId}-client`;
    const id = await containers.create({
      name,
      Image: image,
      Entrypoint: command.length > 0 ? command : ['tail', '-f', '/dev/null'],
      Labels: { [runIdLabel]: runId },
      HostConfig: { NetworkMode: 'none' },
    });
    await containers.start(id);
    return { id, name, runId, [Symbol.asyncDispose]: () => removeEverythingOf(docker, runId) };
  }

  async function linesOfLog(id: string, options = {}): Promise<string[]> {
    const lines = await Array.fromAsync(containers.logs(id, options));
    return lines.map(({ stream, text }) => `${stream}: ${text}`);
  }

  describe('the Docker client', () => {
    it('knows its engine', async () => {
      expect(docker.isLocal).toBe(true);
      await docker.ping();
      expect((await docker.version()).apiVersion).toMatch(/^1\.\d+$/);
      expect(await docker.info()).toMatchObject({
        hostName: expect.any(String),
        rootDirectory: expect.any(String),
      });
    });

    it('answers null for what is absent', async () => {
      expect(await volumes.inspect('odo-none')).toBeNull();
      expect(await containers.inspect('odo-none')).toBeNull();
      expect(await images.inspect('odo-lab/none:1')).toBeNull();
    });

    it('creates, finds and removes a volume; an existing one keeps its labels', async () => {
      const runId = testRunId();
      const name = `odo-${runId}`;
      await volumes.create(name, { [runIdLabel]: runId });
      expect((await volumes.create(name, { [runIdLabel]: 'another' })).Labels[runIdLabel]).toBe(runId);
      const found = await volumes.list({ labels: { [runIdLabel]: runId } });
      expect(found.map(({ Name }) => Name)).toEqual([name]);
      await volumes.remove(name);
      await volumes.remove(name);
      expect(await volumes.list({ labels: { [runIdLabel]: runId } })).toEqual([]);
    });

    it('does not remove a volume in use', async () => {
      const runId = testRunId();
      await using _ = { [Symbol.asyncDispose]: () => removeEverythingOf(docker, runId) };
      const volume = `odo-${runId}`;
      await volumes.create(volume, { [runIdLabel]: runId });
      await containers.create({
        Image: image,
        Labels: { [runIdLabel]: runId },
        HostConfig: { Binds: [`${volume}:/data`] },
      });
      const error = await volumes.remove(volume).catch((reason: unknown) => reason);
      expect(isConflict(error)).toBe(true);
      const using = await containers.list({ all: true, volume });
      expect(using.map(({ Labels }) => Labels[runIdLabel])).toEqual([runId]);
      expect(await containers.list({ volume })).toEqual([]);
    });

    it('runs a command and keeps its output apart, with its exit code', async () => {
      await using fixture = await container();
      const result = await containers.exec(
        fixture.name,
        ['sh', '-c', 'echo out; echo "$1-$MINE" >&2; pwd; exit 7', 'sh', '$HOME *'],
        {
          env: { MINE: 'env' },
          workingDir: '/etc',
        },
      );
      expect(result).toMatchObject({ exitCode: 7, stdout: 'out\n/etc\n', stderr: '$HOME *-env\n' });
      expect((await containers.exec(fixture.id, ['id', '-u'], { user: '65534' })).stdout).toBe('65534\n');
      expect((await containers.exec(fixture.id, ['/no/such/tool'])).exitCode).toBeGreaterThan(125);
    });

    it('gives a command its input, of any bytes and size', async () => {
      await using fixture = await container();
      const input = Buffer.alloc(3_000_000, Buffer.from([0, 1, 2, 255, 10, 13]));
      const result = await containers.exec(fixture.id, ['cat'], { stdin: input });
      expect(result.exitCode).toBe(0);
      expect(result.stdoutBytes.equals(input)).toBe(true);
      expect(await containers.exec(fixture.id, ['cat'], { stdin: '' })).toMatchObject({
        exitCode: 0,
        stdout: '',
      });
      // Ends before it has read its input.
      expect((await containers.exec(fixture.id, ['sh', '-c', 'exit 3'], { stdin: input })).exitCode).toBe(3);
    });

    it('stops waiting for a command with the reason of the abort', async () => {
      await using fixture = await container();
      const reason = new Error('interrupted by the operator');
      for (const stdin of [undefined, 'input']) {
        const controller = new AbortController();
        const running = containers.exec(fixture.id, ['sh', '-c', 'echo started; sleep 60'], {
          signal: controller.signal,
          ...(stdin === undefined ? {} : { stdin }),
        });
        setTimeout(() => controller.abort(reason), 300);
        await expect(running).rejects.toBe(reason);
      }
      const controller = new AbortController();
      const waiting = containers.wait(fixture.id, controller.signal);
      setTimeout(() => controller.abort(reason), 100);
      await expect(waiting).rejects.toBe(reason);
    });

    it('follows a log until the container ends', async () => {
      await using fixture = await container(
        'sh',
        '-c',
        'for i in 1 2 3; do echo out $i; echo err $i >&2; sleep 0.1; done; echo end',
      );
      const lines = await linesOfLog(fixture.id, { follow: true });
      expect(lines.filter((line) => line.startsWith('stdout'))).toEqual([
        'stdout: out 1',
        'stdout: out 2',
        'stdout: out 3',
        'stdout: end',
      ]);
      expect(lines.filter((line) => line.startsWith('stderr'))).toHaveLength(3);
      expect(await containers.wait(fixture.id)).toBe(0);
      expect(await linesOfLog(fixture.id)).toHaveLength(7);
    });

    it('reads the last lines of a log', async () => {
      await using fixture = await container('sh', '-c', 'echo 1; echo 2; echo 3');
      await containers.wait(fixture.id);
      expect(await linesOfLog(fixture.id, { tail: 2 })).toEqual(['stdout: 2', 'stdout: 3']);
    });

    it('stops following a log with the reason of the abort', async () => {
      await using fixture = await container('sh', '-c', 'echo ready; exec tail -f /dev/null');
      const reason = new Error('interrupted by the operator');
      const controller = new AbortController();
      const seen: string[] = [];
      const following = (async () => {
        for await (const { text } of containers.logs(fixture.id, {
          follow: true,
          signal: controller.signal,
        })) {
          seen.push(text);
          controller.abort(reason);
        }
      })();
      await expect(following).rejects.toBe(reason);
      expect(seen).toEqual(['ready']);
    });

    it('lets go of a log that is no longer wanted', async () => {
      await using fixture = await container('sh', '-c', 'echo ready; exec tail -f /dev/null');
      for await (const { text } of containers.logs(fixture.id, { follow: true })) {
        expect(text).toBe('ready');
        break;
      }
    });

    it('starts, stops, kills and removes, also what was so already', async () => {
      await using fixture = await container(
        'sh',
        '-c',
        'trap "exit 5" TERM INT; while :; do sleep 0.05; done',
      );
      await containers.start(fixture.id);
      await containers.stop(fixture.id, 10);
      await containers.stop(fixture.id, 10);
      expect(await containers.wait(fixture.id)).toBe(5);
      expect(isConflict(await containers.kill(fixture.id, 'SIGKILL').catch((error: unknown) => error))).toBe(
        true,
      );
      await containers.start(fixture.id);
      await containers.kill(fixture.id, 'SIGKILL');
      expect(await containers.wait(fixture.id)).toBe(137);
      await containers.start(fixture.id);
      expect(
        isConflict(await containers.remove(fixture.id, { force: false }).catch((error: unknown) => error)),
      ).toBe(true);
      await Promise.all([
        containers.remove(fixture.id, { force: true }),
        containers.remove(fixture.id, { force: true }),
      ]);
      await containers.remove(fixture.id, { force: true });
      expect(await containers.inspect(fixture.id)).toBeNull();
    });

    it('tells a taken name and a missing image apart', async () => {
      await using fixture = await container();
      const taken = await containers
        .create({ name: fixture.name, Image: image })
        .catch((error: unknown) => error);
      const missing = await containers.create({ Image: 'odo-lab/none:1' }).catch((error: unknown) => error);
      expect([isConflict(taken), isNotFound(missing)]).toEqual([true, true]);
    });

    it('writes and reads tar streams', async () => {
      await using fixture = await container();
      const tar = pack();
      tar.entry({ name: 'directory/größe', mode: 0o640 }, 'content');
      tar.finalize();
      await containers.putArchive(fixture.id, '/tmp', Readable.from(tar));
      const answer = await containers.getArchive(fixture.id, '/tmp/directory');
      const names: string[] = [];
      const entries = extract();
      entries.on('entry', (header, stream, next) => {
        names.push(header.name);
        stream.on('end', () => next()).resume();
      });
      entries.end(answer);
      await once(entries as never, 'finish');
      expect(names).toEqual(['directory/', 'directory/größe']);
      expect(await containers.getArchive(fixture.id, '/tmp/none')).toBeNull();
      const refused = containers.putArchive(fixture.id, '/no/such', Readable.from([Buffer.alloc(1024)]));
      expect(isNotFound(await refused.catch((error: unknown) => error))).toBe(true);
    });
  });
}
