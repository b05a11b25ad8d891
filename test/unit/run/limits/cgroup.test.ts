import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cgroupLimits } from '../../../../src/run/limits/cgroup.ts';
import { availableCores } from '../../../../src/run/limits/cores.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'odo-cgroup-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** `/proc/self/cgroup`, and files below `/sys/fs/cgroup`. */
function limitsOf(membership: string, files: Readonly<Record<string, string>> = {}) {
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${content}\n`);
  };
  write('proc/self/cgroup', membership);
  for (const [path, content] of Object.entries(files)) write(join('sys/fs/cgroup', path), content);
  return cgroupLimits(root);
}

const MiB = 1024 ** 2;
const none = { memoryBytes: null, cores: null };

describe('control groups of version 2', () => {
  test('limit memory and cores', () => {
    expect(
      limitsOf('0::/system.slice/odo.service', {
        'system.slice/odo.service/memory.max': String(512 * MiB),
        'system.slice/odo.service/cpu.max': '150000 100000',
      }),
    ).toEqual({ memoryBytes: 512 * MiB, cores: 1.5 });
  });

  test('set no limit with the word max', () => {
    const files = { 'a/memory.max': 'max', 'a/memory.high': 'max', 'a/cpu.max': 'max 100000' };
    expect(limitsOf('0::/a', files)).toEqual(none);
  });

  test('hold what the outer ones leave, each limit where it is lowest', () => {
    expect(
      limitsOf('0::/a/b/c', {
        'a/memory.max': String(256 * MiB),
        'a/cpu.max': 'max 100000',
        'a/b/memory.max': 'max',
        'a/b/cpu.max': '50000 100000',
        'a/b/c/memory.max': String(512 * MiB),
        'a/b/c/cpu.max': '400000 100000',
      }),
    ).toEqual({ memoryBytes: 256 * MiB, cores: 0.5 });
  });

  test('slow a group down from memory.high on, which counts as its limit', () => {
    const files = { 'a/memory.max': String(512 * MiB), 'a/memory.high': String(400 * MiB) };
    expect(limitsOf('0::/a', files).memoryBytes).toBe(400 * MiB);
  });

  test('in a container with its own view are the mount itself', () => {
    const files = { 'memory.max': String(300 * MiB), 'cpu.max': '200000 100000' };
    expect(limitsOf('0::/', files)).toEqual({ memoryBytes: 300 * MiB, cores: 2 });
  });

  test('in a container that shows the path of the host are the mount itself', () => {
    const files = { 'memory.max': String(300 * MiB) };
    expect(limitsOf('0::/docker/5f2c', files).memoryBytes).toBe(300 * MiB);
  });

  test('outside of what can be seen are not confused with others of the same name', () => {
    const files = { 'other/memory.max': String(MiB), 'memory.max': String(300 * MiB) };
    expect(limitsOf('0::/../other', files).memoryBytes).toBe(300 * MiB);
  });
});

describe('control groups of version 1', () => {
  const membership = ['12:pids:/a', '4:memory:/a/b', '3:cpu,cpuacct:/a', '1:name=systemd:/a', '0::/a'].join(
    '\n',
  );

  test('limit memory and cores, each controller in a hierarchy of its own', () => {
    expect(
      limitsOf(membership, {
        'memory/memory.limit_in_bytes': '9223372036854771712',
        'memory/a/memory.limit_in_bytes': String(512 * MiB),
        'memory/a/b/memory.limit_in_bytes': String(256 * MiB),
        'cpu,cpuacct/a/cpu.cfs_quota_us': '300000',
        'cpu,cpuacct/a/cpu.cfs_period_us': '100000',
        'pids/a/memory.limit_in_bytes': '1',
      }),
    ).toEqual({ memoryBytes: 256 * MiB, cores: 3 });
  });

  test('set no limit with -1 and with the largest number of pages', () => {
    expect(
      limitsOf(membership, {
        'memory/a/b/memory.limit_in_bytes': '9223372036854771712',
        'cpu,cpuacct/a/cpu.cfs_quota_us': '-1',
        'cpu,cpuacct/a/cpu.cfs_period_us': '100000',
      }),
    ).toEqual(none);
  });

  test('are found where the kernel names the controllers in another order than the mount', () => {
    expect(
      limitsOf('3:cpuacct,cpu:/a', {
        'cpu/a/cpu.cfs_quota_us': '100000',
        'cpu/a/cpu.cfs_period_us': '100000',
      }).cores,
    ).toBe(1);
  });

  test('in a container that shows the path of the host are the mount itself', () => {
    const files = { 'memory/memory.limit_in_bytes': String(128 * MiB) };
    expect(limitsOf('4:memory:/docker/5f2c', files).memoryBytes).toBe(128 * MiB);
  });

  test('beside version 2 hold together with it', () => {
    expect(
      limitsOf('4:memory:/a\n0::/a', {
        'memory/a/memory.limit_in_bytes': String(128 * MiB),
        'unified/a/cpu.max': '100000 50000',
      }),
    ).toEqual({ memoryBytes: 128 * MiB, cores: 2 });
  });
});

test('without control groups there is no limit', () => {
  expect(cgroupLimits(join(root, 'nowhere'))).toEqual(none);
  expect(limitsOf('nonsense')).toEqual(none);
  expect(limitsOf('0::/a', { 'a/memory.max': '', 'a/cpu.max': '' })).toEqual(none);
});

test('the cores are those of the affinity or of the quota, a part of one counting as one', () => {
  expect(availableCores(8, null)).toBe(8);
  expect(availableCores(8, 2)).toBe(2);
  expect(availableCores(8, 1.5)).toBe(2);
  expect(availableCores(8, 0.2)).toBe(1);
  expect(availableCores(2, 16)).toBe(2);
  expect(availableCores()).toBeGreaterThanOrEqual(1);
});
