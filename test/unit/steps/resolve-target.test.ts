import { describe, expect, test } from 'vitest';
import { errorCode } from '../../../src/errors/odo-error.ts';
import type { ServiceFacts, ServiceMount } from '../../../src/service/service.ts';
import { resolveTarget, serverLayout } from '../../../src/steps/resolve-target.ts';
import type { RestoreRequest, TargetRequest } from '../../../src/steps/restore-request.ts';
import { healthyFacts, plainDrill, plainRequest } from '../../support/facts.ts';

const mount: ServiceMount = {
  kind: 'volume',
  source: 'shop_pgdata',
  alias: 'pgdata',
  destination: '/var/lib/postgresql/data',
};
const compose = (change: Partial<ServiceFacts> = {}): ServiceFacts => ({
  ...healthyFacts.service,
  description: 'Compose service db',
  kind: 'compose',
  project: 'shop',
  image: 'postgres:17',
  serverMajor: 17,
  pgdata: '/var/lib/postgresql/data',
  mounts: [mount],
  ...change,
});
const resolve = (target: TargetRequest, service: ServiceFacts, major: number | null = 17) => {
  const request: RestoreRequest = { ...plainRequest, target };
  return resolveTarget(request, service, serverLayout(request, service, major));
};
const code = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return errorCode(error);
  }
  return 'nothing was thrown';
};

describe('the target of a restore', () => {
  test.for(['pgdata', 'shop_pgdata'])('is the service volume, named as %s', (name) => {
    expect(resolve({ kind: 'volume', name }, compose())).toMatchObject({
      volume: 'shop_pgdata',
      subpath: '',
      create: false,
      helperImage: 'postgres:17',
    });
  });

  test('is never another volume than the one the data lie in', () => {
    const other = { ...mount, source: 'shop_wal', alias: 'wal', destination: '/wal' };
    const service = compose({ mounts: [mount, other] });
    expect(code(() => resolve({ kind: 'volume', name: 'wal' }, service))).toBe('SERVICE_CONFLICT');
    expect(code(() => resolve({ kind: 'new-volume', name: 'next', present: 'wal' }, service))).toBe(
      'SERVICE_CONFLICT',
    );
  });

  test('is the subdirectory of the volume that PGDATA names, on the deepest mount', () => {
    const service = compose({
      pgdata: '/var/lib/postgresql/18/docker',
      mounts: [
        { ...mount, source: 'root', alias: null, destination: '/' },
        { ...mount, destination: '/var/lib/postgresql' },
      ],
    });
    expect(resolve({ kind: 'volume', name: 'pgdata' }, service)).toMatchObject({
      volume: 'shop_pgdata',
      subpath: '18/docker',
    });
  });

  test('is a new volume with the name and labels that Compose would give it', () => {
    expect(resolve({ kind: 'new-volume', name: 'next', present: 'pgdata' }, compose())).toMatchObject({
      volume: 'shop_next',
      create: true,
      labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.volume': 'next' },
    });
  });

  test('without a service is the volume as named, in the layout of the official image', () => {
    expect(resolve({ kind: 'volume', name: 'v' }, healthyFacts.service, 17)).toMatchObject({
      volume: 'v',
      subpath: '',
    });
    expect(resolve({ kind: 'volume', name: 'v' }, healthyFacts.service, 18)).toMatchObject({
      subpath: '18/docker',
    });
  });

  test('is a directory only where the service looks', () => {
    const bind: ServiceMount = { ...mount, kind: 'bind', source: '/srv/pg', alias: null };
    const directory = { kind: 'data-directory', path: '/srv/pg' } as const;
    expect(resolve(directory, compose({ mounts: [bind] }))).toEqual(directory);
    expect(code(() => resolve(directory, compose()))).toBe('SERVICE_CONFLICT');
    expect(code(() => resolve({ kind: 'volume', name: 'pgdata' }, compose({ mounts: [bind] })))).toBe(
      'SERVICE_CONFLICT',
    );
  });

  test('is refused when the service keeps its data on no volume at all', () => {
    expect(code(() => resolve({ kind: 'volume', name: 'pgdata' }, compose({ mounts: [] })))).toBe(
      'SERVICE_CONFLICT',
    );
  });
});

describe('the target of a drill', () => {
  const drilled = (target: TargetRequest, service: ServiceFacts) => {
    const request: RestoreRequest = { ...plainRequest, target, drill: plainDrill };
    const layout = serverLayout(request, service, 17);
    return { layout, target: resolveTarget(request, service, layout) };
  };
  const own: TargetRequest = { kind: 'new-volume', name: 'odo-drill-r', present: null };

  test('is mounted where the service has its volume, under a name that Compose does not know', () => {
    const { layout, target } = drilled(own, compose({ pgdata: '/var/lib/postgresql/data/pgdata' }));
    expect(layout).toEqual({
      pgdata: '/var/lib/postgresql/data/pgdata',
      mountPoint: '/var/lib/postgresql/data',
      mount: null,
    });
    expect(target).toMatchObject({ volume: 'odo-drill-r', subpath: 'pgdata', create: true, labels: {} });
  });

  test('needs no volume of the service, and no directory where the service has its data', () => {
    expect(drilled(own, compose({ mounts: [] }))).toMatchObject({
      layout: { mountPoint: '/var/lib/postgresql/data' },
      target: { volume: 'odo-drill-r', subpath: '' },
    });
    const directory: TargetRequest = { kind: 'data-directory', path: '/srv/odo-drill-r' };
    expect(drilled(directory, compose()).target).toEqual(directory);
  });
});
