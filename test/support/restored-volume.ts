import { imageLayout, imageName, type Major } from '../lab/images.ts';
import { type Psql, psqlInContainer } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import { waitUntil } from '../lab/wait-until.ts';

/** Asks a restored volume, through a server that runs on it meanwhile. */
export async function readVolume<Answer>(
  major: Major,
  volume: string,
  read: (psql: Psql) => Promise<Answer>,
): Promise<Answer> {
  const container = `${volume}-read`;
  const mount = `${volume}:${imageLayout(major).volume}`;
  await run('docker', ['run', '-d', '--name', container, '-v', mount, imageName(major)]);
  try {
    const psql = psqlInContainer(container);
    return await waitUntil('the restored server answers', () => read(psql));
  } finally {
    await run('docker', ['rm', '-f', container]);
  }
}
