import { createHash } from 'node:crypto';

export interface ManifestContent {
  readonly files: readonly { readonly path: string; readonly size: number; readonly checksum?: string }[];
  readonly version?: 1 | 2;
  readonly systemIdentifier?: string;
  readonly timeline?: number;
  readonly startLsn?: string;
  readonly endLsn?: string;
}

/** A `backup_manifest` as the server writes it, with a right checksum. */
export function manifestText(content: ManifestContent): string {
  const { version = 2, systemIdentifier = '7711482807481257680', timeline = 1 } = content;
  const { startLsn = '0/4000028', endLsn = '0/4000120' } = content;
  const files = content.files.map(
    ({ path, size, checksum }) =>
      `{ "Path": ${JSON.stringify(path)}, "Size": ${size}, "Last-Modified": "2026-11-23 21:31:46 GMT"${
        checksum === undefined ? '' : `, "Checksum-Algorithm": "CRC32C", "Checksum": "${checksum}"`
      } }`,
  );
  const covered = [
    `{ "PostgreSQL-Backup-Manifest-Version": ${version},`,
    ...(version === 2 ? [`"System-Identifier": ${systemIdentifier},`] : []),
    '"Files": [',
    ...(files.length === 0 ? [] : [files.join(',\n')]),
    '],',
    '"WAL-Ranges": [',
    `{ "Timeline": ${timeline}, "Start-LSN": "${startLsn}", "End-LSN": "${endLsn}" }`,
    '],',
    '',
  ].join('\n');
  const checksum = createHash('sha256').update(covered).digest('hex');
  return `${covered}"Manifest-Checksum": "${checksum}"}\n`;
}

/** A manifest of a server with more files in it, and its checksum right again. */
export function extendManifest(
  text: string,
  files: readonly { readonly path: string; readonly sizeBytes: number; readonly checksum: string }[],
): string {
  const lines = files.map(
    ({ path, sizeBytes, checksum }) =>
      `{ "Path": "${path}", "Size": ${sizeBytes}, "Last-Modified": "2026-11-23 21:31:46 GMT", "Checksum-Algorithm": "CRC32C", "Checksum": "${checksum}" },\n`,
  );
  const [head = ''] = text.split('"Manifest-Checksum"');
  const covered = head.replace('"Files": [\n', `"Files": [\n${lines.join('')}`);
  return `${covered}"Manifest-Checksum": "${createHash('sha256').update(covered).digest('hex')}"}\n`;
}
