import { describe, expect, test } from 'vitest';
import { containerIdOf } from '../../../src/run/container-id.ts';
import { currentExecutor, isGone, stateOfHolder } from '../../../src/run/executor-identity.ts';

const id = 'a1'.repeat(32);
const me = {
  host: 'db1',
  bootId: 'this-boot',
  pid: 1,
  processStart: '5000',
  pidNamespace: 'pid:[4026532001]',
  containerId: id,
};
const nothingRuns = (): null => null;

describe('the process that holds a run', () => {
  test('is judged by its pid and start where pids are the same', () => {
    expect(stateOfHolder(currentExecutor())).toBe('alive');
    expect(isGone({ ...currentExecutor(), processStart: '1' })).toBe(true);
    expect(stateOfHolder({ ...me, pid: 7, processStart: '4000' }, me, () => '4000')).toBe('alive');
    expect(stateOfHolder({ ...me, pid: 7, processStart: '4000' }, me, nothingRuns)).toBe('gone');
  });

  test('is gone when its container was started again, also with the same pid', () => {
    const former = { ...me, pidNamespace: 'pid:[4026531990]', processStart: '4000' };
    expect(stateOfHolder(former, me, () => me.processStart)).toBe('gone');
    // The kernel gives the number of a namespace that is gone to the next one.
    expect(stateOfHolder({ ...former, pidNamespace: me.pidNamespace }, me, () => me.processStart)).toBe(
      'gone',
    );
  });

  test('cannot be judged in another container, also with the same host name and pid', () => {
    const other = {
      ...me,
      pidNamespace: 'pid:[4026531990]',
      processStart: '4000',
      containerId: 'b2'.repeat(32),
    };
    expect(stateOfHolder(other, me, nothingRuns)).toBe('unknown');
    // On the host, whose name a container with its network has.
    expect(stateOfHolder({ ...other, containerId: null }, me, nothingRuns)).toBe('unknown');
    expect(stateOfHolder({ ...me, host: 'db2' }, me, nothingRuns)).toBe('unknown');
  });

  test('is gone after another boot of the same host, and judged as before when an older odo wrote it', () => {
    expect(stateOfHolder({ ...me, bootId: 'former-boot' }, me, () => me.processStart)).toBe('gone');
    const { pidNamespace: _, containerId: __, ...older } = me;
    expect(stateOfHolder(older, me, () => me.processStart)).toBe('alive');
    expect(stateOfHolder(older, me, nothingRuns)).toBe('gone');
  });
});

test('a container knows its id from what its engine mounts, and a host has none', () => {
  const docker = `530 529 0:50 / / rw - overlay overlay rw\n541 530 8:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n`;
  const podman = `541 530 0:24 /containers/overlay-containers/${id}/userdata/hosts /etc/hosts rw - tmpfs tmpfs rw\n`;
  const host = `99 30 0:60 / /var/lib/docker/containers/${id}/mounts/shm rw - tmpfs shm rw\n98 30 8:1 /var/lib/docker/containers/${id}/x /srv/copy rw - ext4 /dev/sda1 rw\n`;
  expect(containerIdOf(docker)).toBe(id);
  expect(containerIdOf(podman)).toBe(id);
  expect(containerIdOf(host)).toBeNull();
});
