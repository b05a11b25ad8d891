import { blockBytes, parseTarHeader } from '../archive/tar-header.ts';
import { labelName, manifestName } from '../backup/pg-basebackup/layout.ts';
import { OdoError } from '../errors/odo-error.ts';

/** Labels are a few hundred bytes. @unit bytes */
const labelLimitBytes = 64 * 1024;

/** What is looked for in the tar on its way. */
export interface Finds {
  readonly onLabel: (text: string) => void;
  /** The manifest's pieces; it is waited for. */
  readonly onManifest: (bytes: Uint8Array) => Promise<void>;
}

type Body = 'kept' | 'label' | 'manifest';

/**
 * Passes the tar of `pg_basebackup -D -` on, without the manifest: written to stdout it is the tar's last member
 * (pg_basebackup.c, `inject_manifest`), beside a backup in files it is a file of its own.
 * @throws STEP_FAILED when the tar has no label, no manifest or no end
 */
export async function* takeApart(
  tar: AsyncIterable<Uint8Array>,
  { onLabel, onManifest }: Finds,
): AsyncGenerator<Uint8Array> {
  let header: Uint8Array = new Uint8Array();
  let body: Body = 'kept';
  let [bodyBytes, paddingBytes] = [0, 0];
  let label: Buffer = Buffer.alloc(0);
  const seen = new Set<Body | 'end'>();
  for await (const piece of tar) {
    for (let rest = piece; rest.length > 0; ) {
      if (bodyBytes > 0) {
        const part = rest.subarray(0, bodyBytes);
        bodyBytes -= part.length;
        rest = rest.subarray(part.length);
        if (body === 'manifest') await onManifest(part);
        else yield part;
        if (body === 'label') label = Buffer.concat([label, part]);
        if (body === 'label' && bodyBytes === 0) onLabel(label.toString('utf8'));
        continue;
      }
      if (paddingBytes > 0) {
        const part = rest.subarray(0, paddingBytes);
        paddingBytes -= part.length;
        rest = rest.subarray(part.length);
        if (body !== 'manifest') yield part;
        continue;
      }
      const part = rest.subarray(0, blockBytes - header.length);
      header = header.length === 0 ? part : Buffer.concat([header, part]);
      rest = rest.subarray(part.length);
      if (header.length < blockBytes) continue;
      const block = header;
      header = new Uint8Array();
      if (block.every((byte) => byte === 0)) {
        seen.add('end');
        yield block;
        continue;
      }
      const member = parseTarHeader(block);
      if (typeof member === 'string') throw unfinished(`holds ${member}`);
      body = bodyOf(member.name.text, member.sizeBytes);
      seen.add(body);
      bodyBytes = member.sizeBytes;
      paddingBytes = (blockBytes - (bodyBytes % blockBytes)) % blockBytes;
      if (body !== 'manifest') yield block;
    }
  }
  if (bodyBytes > 0 || paddingBytes > 0 || header.length > 0 || !seen.has('end'))
    throw unfinished('has no end');
  if (!seen.has('label')) throw unfinished('has no backup_label');
  if (!seen.has('manifest')) throw unfinished('has no backup_manifest');
}

function bodyOf(name: string, sizeBytes: number): Body {
  if (name === manifestName) return 'manifest';
  return name === labelName && sizeBytes <= labelLimitBytes ? 'label' : 'kept';
}

const unfinished = (how: string): OdoError =>
  new OdoError('STEP_FAILED', `What pg_basebackup sent is no whole backup: it ${how}.`, {
    hint: 'Look at the server’s log, then run odo backup again.',
  });
