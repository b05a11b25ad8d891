import { writeFileSync } from 'node:fs';
import { OdoError } from '../errors/odo-error.ts';

/** Writes a file that is not there yet, or takes the place of one where `replaces` says that was agreed to. */
export function createFile(file: string, text: string, { replaces = false } = {}): void {
  try {
    writeFileSync(file, text, { flag: replaces ? 'w' : 'wx' });
  } catch (cause) {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    throw new OdoError(
      'USAGE',
      isThere ? `${file} is there already, and stays as it is.` : `${file} cannot be written.`,
      {
        hint: isThere
          ? 'Name another file with --out, or move that one away.'
          : 'Name another file with --out.',
        cause,
      },
    );
  }
}
