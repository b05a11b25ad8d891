import { expect, it } from 'vitest';
import { SpaceGuard, spaceGuardOf } from '../../../src/steps/space-guard.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { samplePlan } from '../../../tools/sample-events.ts';

const MiB = 1024 ** 2;

/** A disk of `sizeBytes` that fills with what is admitted. */
function disk(sizeBytes: number, plannedBytes = 100 * MiB) {
  let used = 0;
  let asked = 0;
  const guard = new SpaceGuard({
    description: 'directory /srv/pg',
    plannedBytes,
    reserveBytes: 64 * MiB,
    freeBytes: async () => {
      asked++;
      return sizeBytes - used;
    },
  });
  const write = async (bytes: number) => {
    const written = await guard.admit(bytes);
    used += bytes;
    written();
  };
  return { guard, write, used: () => used, asked: () => asked };
}

it('asks nothing as long as a restore is about what was planned, even on a full disk', async () => {
  const { write, asked } = disk(0);
  for (let i = 0; i < 380; i++) await write(MiB);
  expect(asked()).toBe(0);
});

it('lets a backup be many times larger than it says where there is space, and seldom asks', async () => {
  const { write, asked } = disk(100_000 * MiB);
  for (let i = 0; i < 20_000; i++) await write(MiB);
  expect(asked()).toBeLessThan(20);
});

it('ends before the reserve is touched, whatever the sizes of the files', async () => {
  for (const bytes of [MiB / 4, MiB, 100 * MiB, 700 * MiB]) {
    const { write, used } = disk(1000 * MiB);
    const filling = async () => {
      for (;;) await write(bytes);
    };
    await expect(filling()).rejects.toMatchObject({
      code: 'NOT_ENOUGH_SPACE',
      message: expect.stringMatching(
        /^The archives hold .* about 100 MiB; .* left for directory \/srv\/pg, and 64/,
      ),
    });
    // Between two looks it may be what one of them is worth.
    expect(used()).toBeLessThanOrEqual((936 + 16) * MiB);
  }
});

it('counts what others are writing at the same time', async () => {
  const { guard } = disk(1000 * MiB);
  await guard.admit(400 * MiB);
  const second = await guard.admit(500 * MiB);
  await expect(guard.admit(100 * MiB)).rejects.toMatchObject({ code: 'NOT_ENOUGH_SPACE' });
  second();
});

it('goes by what is free in a real tree', async () => {
  const admit = spaceGuardOf(samplePlan, new DirectTree('/'));
  await admit(1024);
  await expect(admit(2 ** 52)).rejects.toMatchObject({ code: 'NOT_ENOUGH_SPACE' });
});
