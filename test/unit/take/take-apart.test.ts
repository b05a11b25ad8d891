import { expect, test } from 'vitest';
import { takeApart } from '../../../src/take/take-apart.ts';
import { tarBytes } from '../../support/tar-bytes.ts';

const label = 'START WAL LOCATION: 0/4000028 (file 000000010000000000000004)\n';
const manifest = `{ "PostgreSQL-Backup-Manifest-Version": 1,\n${' '.repeat(3000)}}\n`;
const members = [
  ['backup_label', label],
  ['PG_VERSION', '17\n'],
  ['base/1/1259', 'x'.repeat(1500)],
] as const;

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function apart(bytes: Uint8Array, size: number) {
  const found = { label: '', manifest: '', rest: Buffer.alloc(0) };
  const finds = {
    onLabel: (text: string) => {
      found.label = text;
    },
    onManifest: async (part: Uint8Array) => {
      found.manifest += Buffer.from(part).toString();
    },
  };
  for await (const part of takeApart(pieces(bytes, size), finds))
    found.rest = Buffer.concat([found.rest, part]);
  return found;
}

test.each([1, 511, 512, 1000, 1_000_000])(
  'takes the manifest out of a tar that comes in pieces of %i bytes, and changes nothing else',
  async (size) => {
    const found = await apart(await tarBytes([...members, ['backup_manifest', manifest]]), size);
    expect(found.manifest).toBe(manifest);
    expect(found.label).toBe(label);
    expect(found.rest.equals(await tarBytes(members))).toBe(true);
  },
);

test.each([
  [
    'in a member',
    async () => (await tarBytes([...members, ['backup_manifest', manifest]])).subarray(0, 3000),
    /no end/,
  ],
  ['behind a member', async () => (await tarBytes(members)).subarray(0, 1024), /no end/],
  ['without a manifest', () => tarBytes(members), /no backup_manifest/],
  ['without a label', () => tarBytes([['backup_manifest', manifest]]), /no backup_label/],
  ['with something that is no tar', async () => Buffer.alloc(2048, 'x'), /wrong checksum/],
])('refuses a tar that ends %s', async (_, tar, says) => {
  await expect(apart(await tar(), 700)).rejects.toMatchObject({
    code: 'STEP_FAILED',
    message: expect.stringMatching(says),
  });
});
