import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const cli = join(import.meta.dirname, '../../../src/cli.ts');
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'odo-process-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const environment = (): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: directory,
  XDG_STATE_HOME: join(directory, 'state'),
});

function odo(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [cli, ...args],
      { cwd: directory, env: environment() },
      (error, stdout, stderr) => {
        resolve({
          code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1,
          stdout,
          stderr,
        });
      },
    );
  });
}

describe('the program', () => {
  it('prints help and exits with 2 when it is called without arguments', async () => {
    const { code, stdout, stderr } = await odo();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: odo');
  });

  it('prints its version', async () => {
    const { code, stdout } = await odo('--version');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it('asks for the status without making a journal', async () => {
    expect(await odo('status')).toMatchObject({ code: 0, stdout: 'There are no runs yet.\n' });
    expect(await odo('status', '20261122-220955-k3f9')).toMatchObject({ code: 10 });
    expect(existsSync(join(directory, 'state'))).toBe(false);
  });

  it('takes a reader that goes away without a word', () => {
    const script = `"${process.execPath}" "${cli}" start --help | true; echo "\${PIPESTATUS[0]}"`;
    const result = execFileSync('bash', ['-c', `${script} 2>&1`], { env: environment(), encoding: 'utf8' });
    expect(result).toBe('0\n');
  });
});

/** A store that takes connections and never answers. */
async function silentStore(): Promise<{ server: Server; url: string; asked: Promise<void>; stop(): void }> {
  const sockets = new Set<Socket>();
  const asked = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => asked.resolve());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    server,
    url: `http://127.0.0.1:${address.port}`,
    asked: asked.promise,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe.skipIf(process.platform !== 'linux')('while it waits for the store, the program', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('shows no secret to ps, and ends at %s with %d', async (signal, code) => {
    const store = await silentStore();
    const args = [
      'backups',
      '-u',
      's3://bucket/main',
      '-e',
      store.url,
      '-r',
      'eu',
      '-a',
      'AKIAVISIBLE',
      '-s',
      'sekret-in-argv',
    ];
    const child = spawn(process.execPath, [cli, ...args], {
      cwd: directory,
      env: environment(),
      stdio: 'pipe',
    });
    let said = '';
    child.stderr.on('data', (text) => (said += String(text)));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    try {
      await Promise.race([
        store.asked,
        ended.then((early) => Promise.reject(new Error(`ended early with ${early}: ${said}`))),
      ]);
      const commandLine = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      expect(commandLine.trim()).toBe('odo backups');
      expect(execFileSync('ps', ['-o', 'args=', '-p', String(child.pid)], { encoding: 'utf8' }).trim()).toBe(
        'odo backups',
      );
      child.kill(signal);
      expect(await ended).toBe(code);
    } finally {
      child.kill('SIGKILL');
      store.stop();
    }
  });
});
