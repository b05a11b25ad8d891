import { pageData } from './codec-samples.ts';
import { endBlocks, member } from './tar-samples.ts';

/** Files of the archive in archive.tar.bz2 and archive.tar.xz. */
export const archivedFiles: Readonly<Record<string, Buffer>> = {
  'base/5/1': pageData(1, 900_000),
  ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`base/5/${i + 100}`, pageData(i, i * 700)])),
  'base/5/2': pageData(2, 500_001),
};

export const archivedTar: Buffer = Buffer.concat([
  member({ name: 'base/', type: '5' }),
  member({ name: 'base/5/', type: '5' }),
  ...Object.entries(archivedFiles).map(([name, content]) => member({ name, content })),
  endBlocks,
]);
