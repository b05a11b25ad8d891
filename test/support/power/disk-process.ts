/**
 * The disks of one machine, in a process of their own: whoever waits for a file on them must not be who serves them.
 * Started by forgetful-disks.ts, asked over its channel, and gone with it.
 */
import type { DiskAnswer, DiskQuestion } from './forgetful-disks.ts';
import { mountAsFile } from './fuse-file.ts';
import { RecordedDisk } from './recorded-disk.ts';

const clock = { position: 0 };
const disks = process.argv.slice(2).map((size) => new RecordedDisk(Number(size), clock));

process.on('message', ({ id, mount }: DiskQuestion) => {
  const answer = (error: string | null = null) => {
    const flushes = disks.map((disk) => disk.flushes);
    process.send?.({ id, error, position: clock.position, flushes } satisfies DiskAnswer);
  };
  const disk = disks[mount?.disk ?? 0];
  if (mount === undefined || disk === undefined) return answer();
  const device = mount.cut === undefined ? disk : disk.after(mount.cut);
  mountAsFile(device, mount.at).then(
    () => answer(),
    (error: unknown) => answer(String(error)),
  );
});
process.on('disconnect', () => process.exit());
