import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

/** Members of a tar in order; a name that ends with `/` is a directory. */
export type TarContent = readonly (readonly [name: string, content: string | Uint8Array])[];

export async function tarBytes(members: TarContent, options: { pax?: boolean } = {}): Promise<Buffer> {
  const packed = pack();
  for (const [name, content] of members) {
    const header = name.endsWith('/') ? { name, type: 'directory' as const } : { name };
    // barman writes an extended header before every member (Python's tarfile, float mtimes).
    packed.entry(
      { ...header, ...(options.pax ? { pax: { mtime: '1700000000.25' } } : {}) },
      Buffer.from(content),
    );
  }
  packed.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packed) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export const tarGz = async (members: TarContent): Promise<Buffer> => gzipSync(await tarBytes(members));
