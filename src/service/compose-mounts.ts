import { posix } from 'node:path';
import { type Document, isAlias, isMap, isScalar, isSeq, type Scalar } from 'yaml';
import type { OdoError } from '../errors/odo-error.ts';
import { refused, type VolumeChange } from './volume-change.ts';

/** Where a service's mount names its volume. */
export interface FoundMount {
  /** In `services.<name>.volumes`. */
  readonly index: number;
  /** The volume as written. */
  readonly source: string;
  /** Offset of `source` in the file's text. */
  readonly start: number;
}

/** The mount at `change.destination`, null when this file does not write one out for the service. */
export function findMount(document: Document, file: string, change: VolumeChange): FoundMount | null {
  const refuse = (why: string): OdoError => refused(file, change, why);
  const services = document.get('services', true);
  if (isAlias(services)) throw refuse('its services are an alias of something else');
  const service = isMap(services) ? services.get(change.service, true) : undefined;
  if (isAlias(service)) throw refuse('the service is an alias of another part of the file');
  const mounts = isMap(service) ? service.get('volumes', true) : undefined;
  if (isAlias(mounts)) throw refuse('an anchor shares its list of volumes with other parts of the file');
  if (!isSeq(mounts)) return null;
  for (const [index, item] of mounts.items.entries()) {
    const node = isAlias(item) ? item.resolve(document) : item;
    const written = writtenMount(node);
    if (written === null || !isMeant(written, change)) continue;
    if (isAlias(item)) throw refuse('an anchor shares the mount with other parts of the file');
    return { index, ...sourceOf(written, refuse) };
  }
  return null;
}

interface WrittenMount {
  readonly kind: 'short' | 'long';
  readonly type: string;
  readonly source: string | null;
  readonly target: string;
  /** The node that holds the source. */
  readonly node: unknown;
}

function writtenMount(node: unknown): WrittenMount | null {
  if (isScalar(node) && typeof node.value === 'string') {
    const [first, second] = splitShort(node.value);
    if (first === undefined) return null;
    return second === undefined
      ? { kind: 'short', type: 'volume', source: null, target: first, node }
      : { kind: 'short', type: isPath(first) ? 'bind' : 'volume', source: first, target: second, node };
  }
  if (!isMap(node)) return null;
  const { type, source, target } = node.toJSON() as Record<string, unknown>;
  if (typeof target !== 'string') return null;
  return {
    kind: 'long',
    type: typeof type === 'string' ? type : 'volume',
    source: typeof source === 'string' ? source : null,
    target,
    node: node.get('source', true),
  };
}

/** `SOURCE:TARGET[:MODE]`; a colon inside `${NAME:-default}` separates nothing. */
function splitShort(value: string): string[] {
  return value.match(/(?:\$\{[^}]*\}|[^:])+/g) ?? [];
}

const isPath = (source: string): boolean => /^[./~]/.test(source);

const withoutSlash = (path: string): string => posix.normalize(path).replace(/(.)\/$/, '$1');

function isMeant(mount: WrittenMount, change: VolumeChange): boolean {
  if (mount.target.includes('$')) return mount.source !== null && mount.source === change.fromAlias;
  return withoutSlash(mount.target) === withoutSlash(change.destination);
}

function sourceOf(mount: WrittenMount, refuse: (why: string) => OdoError): { source: string; start: number } {
  const { source, node } = mount;
  if (source === null) throw refuse('it is mounted without a name there (an anonymous volume)');
  if (source.includes('$')) throw refuse(`its volume comes from a variable (${source})`);
  if (mount.kind === 'long' && mount.type !== 'volume') {
    throw refuse(`it is a mount of type ${mount.type} in long syntax there`);
  }
  if (isAlias(node)) throw refuse('an anchor shares its volume with other parts of the file');
  const start = isScalar(node) ? textStart(node) : null;
  if (start === null) throw refuse('its volume is written in a form odo does not edit');
  return { source, start };
}

/** Offset of the first character of the value; null for block scalars. */
function textStart(node: Scalar): number | null {
  if (!node.range) return null;
  if (node.type === 'PLAIN') return node.range[0];
  return node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE' ? node.range[0] + 1 : null;
}
