import { createHash, createHmac } from 'node:crypto';

/** As `ssh-keygen -l` shows it. */
export const fingerprintOf = (key: Uint8Array): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

interface KnownKey {
  readonly type: string;
  readonly key: string;
  readonly isRevoked: boolean;
}

/** What files like ~/.ssh/known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) say about one host. */
export class KnownHost {
  readonly #keys: readonly KnownKey[];

  /** Lines that cannot be read are left out, as ssh does; so are those of certificate authorities. */
  constructor(files: readonly string[], host: string, port: number) {
    const names = port === 22 ? [host] : [`[${host}]:${port}`];
    this.#keys = files.flatMap((text) => text.split(/\r?\n/)).flatMap((line) => keyOf(line, names) ?? []);
  }

  /** Types of keys that are known, for a server that has several: the first is to be asked for. */
  get types(): readonly string[] {
    return [...new Set(this.#keys.filter(({ isRevoked }) => !isRevoked).map(({ type }) => type))];
  }

  verdict(key: Uint8Array): 'known' | 'unknown' | 'changed' | 'revoked' {
    const text = Buffer.from(key).toString('base64');
    const same = this.#keys.filter((known) => known.key === text);
    if (same.some(({ isRevoked }) => isRevoked)) return 'revoked';
    if (same.length > 0) return 'known';
    // The server was asked for keys of the known types first: one of another type means that those are gone.
    return this.types.length > 0 ? 'changed' : 'unknown';
  }
}

function keyOf(line: string, names: readonly string[]): KnownKey | null {
  const words = line.trim().split(/\s+/);
  if (line.trim() === '' || line.startsWith('#')) return null;
  const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
  const [hosts, type, key] = words;
  if (hosts === undefined || type === undefined || key === undefined) return null;
  if (marker !== undefined && marker !== '@revoked') return null;
  return names.some((name) => isNamed(hosts, name)) ? { type, key, isRevoked: marker === '@revoked' } : null;
}

function isNamed(hosts: string, name: string): boolean {
  const [, salt, hash] = /^\|1\|([^|]+)\|([^|]+)$/.exec(hosts) ?? [];
  if (salt !== undefined)
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
  const patterns = hosts.split(',');
  const matches = (pattern: string) => patternOf(pattern).test(name);
  if (patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && matches(pattern));
}

const patternOf = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'i',
  );
