import { readFile } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Client, ConnectConfig, SFTPWrapper } from 'ssh2';
import ssh from 'ssh2';
import { OdoError } from '../errors/odo-error.ts';
import type { SshCredentials } from './credentials.ts';
import { fingerprintOf, KnownHost } from './known-hosts.ts';
import { sshIdentities } from './ssh-identities.ts';

export interface SftpServer {
  readonly host: string;
  readonly port: number;
  /** Null: the one that runs odo. */
  readonly user: string | null;
}

interface Connection {
  readonly sftp: SFTPWrapper;
  /** Rejects when it is lost. */
  readonly lost: Promise<never>;
  readonly isLost: () => boolean;
}

const noCredentials: SshCredentials = {
  keyFile: null,
  passphrase: null,
  agentSocket: null,
  password: null,
  knownHostsFile: null,
};

/** As ssh2 names them; each kind of key with the signatures that it can make. */
const signatures: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/** One connection to an SFTP server, for all reads at the same time; made again after it was lost. */
export class SftpSession {
  readonly #server: SftpServer;
  readonly #credentials: SshCredentials;
  #open: Promise<Connection> | null = null;
  #client: Client | null = null;

  constructor(server: SftpServer, credentials: SshCredentials | null) {
    this.#server = server;
    this.#credentials = credentials ?? noCredentials;
  }

  /** For messages. */
  get name(): string {
    const { host, port, user } = this.#server;
    const address = host.includes(':') ? `[${host}]` : host;
    return `sftp://${user ?? userInfo().username}@${address}${port === 22 ? '' : `:${port}`}`;
  }

  /**
   * Uses the connection; fails when it is lost meanwhile. @throws ACCESS_DENIED for an unknown or changed host key,
   * CONFIG_INVALID for a key file; else what ssh2 throws
   */
  async use<Output>(work: (sftp: SFTPWrapper) => Promise<Output>): Promise<Output> {
    const open = this.#open ?? this.#connect();
    this.#open = open;
    try {
      const { sftp, lost } = await open;
      return await Promise.race([work(sftp), lost]);
    } catch (error) {
      if (
        await open.then(
          ({ isLost }) => isLost(),
          () => true,
        )
      )
        this.#forget(open);
      throw error;
    }
  }

  close(): void {
    this.#client?.end();
    this.#client = null;
    this.#open = null;
  }

  #forget(open: Promise<Connection>): void {
    if (this.#open === open) this.#open = null;
  }

  async #connect(): Promise<Connection> {
    const { host, port, user } = this.#server;
    const username = user ?? userInfo().username;
    const known = new KnownHost(await knownHostsTexts(this.#credentials.knownHostsFile), host, port);
    const identities = await sshIdentities(username, this.#credentials);
    const client = new ssh.Client();
    this.#client = client;
    const opened = Promise.withResolvers<SFTPWrapper>();
    let refusal: OdoError | null = null;
    const fail = (error: Error & { level?: string }) => {
      // An agent that does not answer is only one way less.
      if (error.level !== 'agent') opened.reject(refusal ?? error);
    };
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => undefined);
    let isLost = false;
    const lose = () => {
      isLost = true;
      const error = refusal ?? Object.assign(new Error('The connection was closed.'), { code: 'ECONNRESET' });
      opened.reject(error);
      lost.reject(error);
      client.destroy();
    };
    client
      .on('error', fail)
      .once('close', lose)
      .once('ready', () => {
        client.sftp((error, sftp) => {
          if (error === undefined) opened.resolve(sftp.on('error', lose).once('close', lose));
          else fail(error);
        });
      });
    client.connect({
      host,
      port,
      username,
      authHandler: identities as NonNullable<ConnectConfig['authHandler']>,
      algorithms: { serverHostKey: wantedKeys(known.types) } as NonNullable<ConnectConfig['algorithms']>,
      hostVerifier: (key: Buffer) => {
        refusal = this.#refusal(known, key);
        return refusal === null;
      },
      readyTimeout: 20_000,
      keepaliveInterval: 15_000,
      keepaliveCountMax: 3,
    });
    return { sftp: await opened.promise, lost: lost.promise, isLost: () => isLost };
  }

  #refusal(known: KnownHost, key: Buffer): OdoError | null {
    const verdict = known.verdict(key);
    if (verdict === 'known') return null;
    const { host, port } = this.#server;
    const fingerprint = fingerprintOf(key);
    const details = { host, port, fingerprint };
    const name = port === 22 ? host : `[${host}]:${port}`;
    const add = `ssh-keyscan -p ${port} ${host} >> ~/.ssh/known_hosts`;
    if (verdict === 'unknown') {
      return new OdoError('ACCESS_DENIED', `The host key of ${this.name} is not known (${fingerprint}).`, {
        hint: `Compare it with what ssh-keygen -lf shows of the key on that server, then add it: ${add} (or name a file with ODO_SSH_KNOWN_HOSTS).`,
        details,
      });
    }
    const what = verdict === 'changed' ? 'is another than the known one' : 'is revoked';
    return new OdoError('ACCESS_DENIED', `The host key of ${this.name} ${what} (${fingerprint}).`, {
      hint: `Somebody may stand in between. If the server got a new key, remove the old one: ssh-keygen -R '${name}', compare the new one, and add it: ${add}`,
      details,
    });
  }
}

/** Keys that are known first, for a server that has several. */
function wantedKeys(knownTypes: readonly string[]): string[] {
  const known = knownTypes.flatMap((type) =>
    Object.hasOwn(signatures, type) ? (signatures[type] ?? []) : [],
  );
  return [...new Set([...known, ...Object.values(signatures).flat()])];
}

async function knownHostsTexts(extra: string | null): Promise<string[]> {
  const files = [join(homedir(), '.ssh/known_hosts'), '/etc/ssh/ssh_known_hosts'];
  const usual = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  if (extra === null) return usual;
  const named = await readFile(extra, 'utf8').catch((cause: unknown) => {
    throw new OdoError('CONFIG_INVALID', `The file of known hosts ${extra} cannot be read.`, {
      hint: 'Check --ssh-known-hosts or ODO_SSH_KNOWN_HOSTS.',
      cause,
    });
  });
  return [named, ...usual];
}
