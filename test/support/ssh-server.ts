import { spawn } from 'node:child_process';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { SshCredentials } from '../../src/storage/credentials.ts';
import { run } from '../lab/run-command.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { freePort, isListening } from './free-port.ts';

export interface SshServer extends AsyncDisposable {
  readonly port: number;
  readonly user: string;
  /** `sftp://me@127.0.0.1:PORT`, without a path. */
  readonly url: string;
  /** That the server accepts, and that know the server. */
  readonly credentials: SshCredentials;
  readonly env: Readonly<Record<string, string>>;
  /** Ends every connection; the server goes on. */
  dropConnections(): Promise<void>;
}

/** OpenSSH's own sshd with its own keys on a free port; `directory` is where it keeps them. */
export async function startSshServer(directory: string): Promise<SshServer> {
  const port = await freePort();
  const at = (name: string) => join(directory, name);
  await mkdir('/run/sshd', { recursive: true });
  await mkdir(directory, { recursive: true });
  for (const [name, type] of [
    ['host_ed25519', 'ed25519'],
    ['host_ecdsa', 'ecdsa'],
    ['user_key', 'ed25519'],
  ] as const)
    await run('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', at(name)]);
  await writeFile(at('authorized_keys'), await readFile(at('user_key.pub')), { mode: 0o600 });
  // Only the key that is not the server's first choice is known.
  const [type, key] = (await readFile(at('host_ecdsa.pub'), 'utf8')).split(' ');
  await writeFile(at('known_hosts'), `[127.0.0.1]:${port} ${type} ${key}\n`);
  await writeFile(
    at('sshd_config'),
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${at('host_ed25519')}`,
      `HostKey ${at('host_ecdsa')}`,
      `AuthorizedKeysFile ${at('authorized_keys')}`,
      'PidFile none',
      'UsePAM no',
      'StrictModes no',
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      'MaxSessions 100',
      'Subsystem sftp internal-sftp',
      '',
    ].join('\n'),
  );
  await appendFile(at('sshd.log'), '');
  const child = spawn('/usr/sbin/sshd', ['-D', '-f', at('sshd_config'), '-E', at('sshd.log')], {
    stdio: 'ignore',
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await waitUntil('sshd listens', () => isListening(port));
  const user = userInfo().username;
  return {
    port,
    user,
    url: `sftp://${user}@127.0.0.1:${port}`,
    credentials: {
      keyFile: at('user_key'),
      passphrase: null,
      agentSocket: null,
      password: null,
      knownHostsFile: at('known_hosts'),
    },
    env: { ODO_SSH_KEY: at('user_key'), ODO_SSH_KNOWN_HOSTS: at('known_hosts') },
    dropConnections: () => endConnections(child.pid ?? 0),
    async [Symbol.asyncDispose]() {
      await endConnections(child.pid ?? 0);
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** sshd has a child for each connection. */
async function endConnections(sshd: number): Promise<void> {
  const text = await readFile(`/proc/${sshd}/task/${sshd}/children`, 'utf8').catch(() => '');
  for (const pid of text.split(' ').filter(Boolean).map(Number)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}
