import { OdoError } from '../errors/odo-error.ts';
import { type ControlFile, parseControlFile } from '../postgres/control-file.ts';
import type { Tree } from '../target/tree.ts';

/** pg_control of a sealed data directory. */
export async function readControl(tree: Tree): Promise<ControlFile> {
  const bytes = await tree.readFile('global/pg_control', 64 * 1024);
  if (bytes === null) {
    throw new OdoError('TARGET_CHANGED', `${tree.description} has no global/pg_control any more.`, {
      hint: 'Something changed the directory while the run stood still. Start a new run.',
    });
  }
  return parseControlFile(bytes);
}
