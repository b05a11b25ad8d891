import { createHash } from 'node:crypto';
import { run } from '../lab/run-command.ts';

/** Names, owners, modes, times and bytes of everything in a directory, without what is mounted below it. */
export async function wholeDigest(directory: string): Promise<string> {
  const listing = await run('sh', [
    '-c',
    'cd "$1" && find . -xdev -printf "%p %u %g %m %s %T@ %l\\n" | sort && find . -xdev -type f -print0 | sort -z | xargs -0r sha256sum',
    'sh',
    directory,
  ]);
  return createHash('sha256').update(listing).digest('hex');
}
