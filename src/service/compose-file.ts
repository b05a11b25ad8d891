import { isDeepStrictEqual } from 'node:util';
import { type Document, isAlias, isMap, isScalar, LineCounter, parseAllDocuments, type YAMLMap } from 'yaml';
import { OdoError } from '../errors/odo-error.ts';
import { type FoundMount, findMount } from './compose-mounts.ts';
import { addVolumeEntry, volumeNameOf } from './compose-volumes.ts';
import { refused, type VolumeChange } from './volume-change.ts';

/**
 * The text of a Compose file with that one reference changed; null when the file has no such mount for the
 * service. Edits the source text by node positions instead of printing the document again, so that every
 * other byte stays; then parses the result and compares, so that nothing else can have changed its meaning
 * (an anchor, a merge key). Text that is so already is returned as it is.
 * @throws CONFIG_INVALID, SERVICE_CONFLICT
 */
export function changeVolume(text: string, file: string, change: VolumeChange): string | null {
  const document = parseComposeFile(text, file);
  const mount = findMount(document, file, change);
  if (mount === null) return null;
  const edited = addEntry(replaceSource(text, file, mount, change), file, change);
  requireOnlyThat(document, parseComposeFile(edited, file), file, mount, change);
  return edited;
}

/** @throws CONFIG_INVALID with the place, when it is no YAML mapping. */
export function parseComposeFile(text: string, file: string): Document {
  const lineCounter = new LineCounter();
  // `!reset` and `!override` are Compose's own tags; unknown ones only warn, and warnings are of no use here.
  const documents = parseAllDocuments(text, { lineCounter, merge: true, logLevel: 'error' });
  const document = Array.isArray(documents) ? documents[0] : undefined;
  if (document === undefined) throw notCompose(file, 'it is empty');
  const error = document.errors[0];
  if (error !== undefined) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    const what = (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
    throw notCompose(file, `line ${line}, column ${col}: ${what}`);
  }
  if (Array.isArray(documents) && documents.length > 1) {
    throw notCompose(file, 'it holds several YAML documents');
  }
  if (!isMap(document.contents)) throw notCompose(file, 'it is not a mapping with services');
  // Docker Compose works on aliases of aliases for hours.
  plain(document as Document, file);
  return document as Document;
}

/** A large project may use one anchor in each of its services; aliases of aliases get beyond it at once. */
const maxAliasCount = 10_000;

function notCompose(file: string, what: string): OdoError {
  return new OdoError('CONFIG_INVALID', `${file} is not a Compose file that odo can read: ${what}.`, {
    hint: `Mend the file (docker compose -f ${file} config shows more), or name another with -f.`,
    details: { file },
  });
}

function replaceSource(text: string, file: string, mount: FoundMount, change: VolumeChange): string {
  if (mount.source === change.toAlias) return text;
  const { start } = mount;
  const end = start + mount.source.length;
  if (text.slice(start, end) !== mount.source) {
    throw refused(file, change, 'its volume is written in a form odo does not edit');
  }
  return text.slice(0, start) + change.toAlias + text.slice(end);
}

function addEntry(text: string, file: string, change: VolumeChange): string {
  const document = parseComposeFile(text, file);
  const volumes = (document.contents as YAMLMap).get('volumes', true);
  if (isAlias(volumes)) throw refused(file, change, 'its top-level volumes are an alias of something else');
  const known = plain(document, file)['volumes'];
  if (typeof known === 'object' && known !== null && change.toAlias in known) {
    const entry = (known as Record<string, unknown>)[change.toAlias];
    const name = volumeNameOf(entry, change.toAlias, change.project);
    if (name !== null && name !== change.toVolume) {
      throw new OdoError(
        'SERVICE_CONFLICT',
        `${file} already has a volume ${change.toAlias}, and it is ${name}, not ${change.toVolume}.`,
        { hint: 'Choose another name for the new volume with -V.', details: { file, volume: name } },
      );
    }
    return text;
  }
  return addVolumeEntry(text, document, change);
}

function requireOnlyThat(
  before: Document,
  after: Document,
  file: string,
  mount: FoundMount,
  change: VolumeChange,
): void {
  const expected = plain(before, file);
  const actual = plain(after, file);
  const services = expected['services'] as Record<string, { volumes: unknown[] }>;
  const mounts = services[change.service]?.volumes;
  const written = mounts?.[mount.index];
  if (mounts !== undefined && typeof written === 'string') {
    mounts[mount.index] = change.toAlias + written.slice(mount.source.length);
  } else if (mounts !== undefined) {
    mounts[mount.index] = { ...(written as object), source: change.toAlias };
  }
  const volumes = (actual['volumes'] ?? {}) as Record<string, unknown>;
  expected['volumes'] = {
    ...((expected['volumes'] ?? {}) as object),
    [change.toAlias]: volumes[change.toAlias],
  };
  if (!isDeepStrictEqual(actual, expected)) {
    throw refused(file, change, 'an anchor or merge key shares it with other parts of the file');
  }
}

/** As Compose sees it, aliases and merge keys resolved; through JSON, so that nothing is shared in memory. */
function plain(document: Document, file: string): Record<string, unknown> {
  let text: string;
  try {
    text = JSON.stringify(document.toJS({ maxAliasCount }));
  } catch {
    // Of nothing, of itself, or aliases of aliases, which no memory would hold.
    throw notCompose(file, 'its aliases cannot be resolved');
  }
  return JSON.parse(text) as Record<string, unknown>;
}

/** Names of the services in a parsed file, for "did you mean". */
export function serviceNames(document: Document): string[] {
  const services = document.get('services', true);
  if (!isMap(services)) return [];
  return services.items.flatMap(({ key }) => (isScalar(key) ? [String(key.value)] : []));
}
