import { describe, expect, test } from 'vitest';
import { OdoError } from '../../../src/errors/odo-error.ts';
import type { ServiceFacts, ServiceMount } from '../../../src/service/service.ts';
import { resolveTablespaces } from '../../../src/steps/resolve-tablespaces.ts';
import { serverLayout } from '../../../src/steps/resolve-target.ts';
import type { RestoreRequest } from '../../../src/steps/restore-request.ts';
import { healthyFacts, plainRequest } from '../../support/facts.ts';

const backup = {
  id: '20261120T020000',
  tablespaces: [
    { oid: '16400', name: 'cold', location: '/mnt/cold' },
    { oid: '16401', name: 'hot', location: '/mnt/hot' },
  ],
};
const volume = (source: string, destination: string): ServiceMount => ({
  kind: 'volume',
  source: `shop_${source}`,
  alias: source,
  destination,
});
const compose = (...mounts: ServiceMount[]): ServiceFacts => ({
  ...healthyFacts.service,
  description: 'Compose service db',
  kind: 'compose',
  project: 'shop',
  image: 'postgres:17',
  serverMajor: 17,
  pgdata: '/var/lib/postgresql/data',
  mounts: [volume('pgdata', '/var/lib/postgresql/data'), ...mounts],
});

/** `choices`: OLD and NEW. */
function resolve(
  choices: Readonly<Record<string, string>>,
  service: ServiceFacts = healthyFacts.service,
  change: Partial<RestoreRequest> = {},
) {
  const tablespaces = Object.entries(choices).map(([tablespace, directory]) => ({ tablespace, directory }));
  const request: RestoreRequest = {
    ...plainRequest,
    ...(service.kind === 'none' ? {} : { target: { kind: 'volume', name: 'pgdata' } }),
    ...change,
    tablespaces,
  };
  return resolveTablespaces({ request, service, layout: serverLayout(request, service, 17) }, backup);
}

function failure(work: () => unknown): Pick<OdoError, 'code' | 'message' | 'hint'> {
  try {
    work();
  } catch (error) {
    if (error instanceof OdoError) return error;
  }
  throw new Error('nothing was refused');
}

describe('a tablespace', () => {
  test('lies inside the data directory unless a place is named for it', () => {
    expect(resolve({ cold: '/srv/cold/' })).toMatchObject([
      {
        serverPath: '/srv/cold',
        path: '.odo-tablespaces/16400',
        place: { target: { kind: 'data-directory', path: '/srv/cold' }, mount: null },
      },
      { serverPath: '/srv/pg/odo_tablespaces/16401', path: 'odo_tablespaces/16401', place: null },
    ]);
  });

  test.for(['cold', '16400', '/mnt/cold', '/mnt/cold/'])('may be named as %s', (name) => {
    expect(resolve({ [name]: '/srv/cold' })[0]?.serverPath).toBe('/srv/cold');
  });

  test('that the backup does not have is refused with the nearest name and the list', () => {
    const { code, message, hint } = failure(() => resolve({ clod: '/srv/cold' }));
    expect(code).toBe('PRECONDITION_FAILED');
    expect(message).toContain('no tablespace clod');
    expect(hint).toContain('Did you mean cold? Its tablespaces: cold, oid 16400 (was /mnt/cold); hot');
  });

  test('cannot have two places', () => {
    expect(failure(() => resolve({ cold: '/srv/a', 16400: '/srv/b' })).message).toMatch(
      /cold is to go to .* and to/,
    );
    expect(resolve({ cold: '/srv/a', 16400: '/srv/a' })).toHaveLength(2);
  });

  test.for([
    ['/srv/pg', 'lies in the data directory'],
    ['/srv/pg/base', 'lies in the data directory'],
    ['/srv/pg/odo_tablespaces', 'lies in the data directory'],
    ['/srv', 'holds the data directory'],
    ['/', 'holds the data directory'],
    ['/srv/pg/x/../odo_tablespaces/../base', 'lies in the data directory'],
  ] as const)('is refused at %s: it %s', ([directory, why]) => {
    const { code, message } = failure(() => resolve({ cold: directory }));
    expect(code).toBe('PRECONDITION_FAILED');
    expect(message).toContain(why);
  });

  test('may have another place in odo_tablespaces, but not that of another', () => {
    expect(resolve({ cold: '/srv/pg/odo_tablespaces/cold' })[0]).toMatchObject({
      path: 'odo_tablespaces/cold',
      place: null,
    });
    const { message } = failure(() => resolve({ cold: '/srv/pg/odo_tablespaces/16401' }));
    expect(message).toMatch(/^The tablespace cold and the tablespace hot would both be in/);
  });

  test('is refused in, or around, another', () => {
    expect(failure(() => resolve({ cold: '/srv/ts', hot: '/srv/ts' })).message).toMatch(/would both be in/);
    expect(failure(() => resolve({ cold: '/srv/ts/a', hot: '/srv/ts' })).message).toMatch(/one in the other/);
    expect(resolve({ cold: '/srv/ts', hot: '/srv/ts2' })).toHaveLength(2);
  });
});

describe('a tablespace of a service', () => {
  const cold = volume('cold', '/spaces');

  test('goes to the volume, and below it, that is mounted there', () => {
    expect(resolve({ cold: '/spaces/cold' }, compose(cold))[0]?.place).toEqual({
      target: {
        kind: 'docker-volume',
        volume: 'shop_cold',
        subpath: 'cold',
        create: false,
        labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.volume': 'cold' },
        access: 'auto',
        helperImage: 'postgres:17',
      },
      mount: { type: 'volume', source: 'shop_cold', destination: '/spaces' },
    });
  });

  test('cannot be placed in a volume that no service mounts', () => {
    const target = { kind: 'volume', name: 'pgdata' } as const;
    const { code, message } = failure(() => resolve({ cold: '/cold' }, healthyFacts.service, { target }));
    expect(code).toBe('SERVICE_CONFLICT');
    expect(message).toContain('no service tells');
  });

  test('goes to the directory of the host that is mounted there', () => {
    const bind: ServiceMount = { kind: 'bind', source: '/srv/disk', alias: null, destination: '/spaces' };
    expect(resolve({ cold: '/spaces/cold' }, compose(bind))[0]?.place).toEqual({
      target: { kind: 'data-directory', path: '/srv/disk/cold' },
      mount: { type: 'bind', source: '/srv/disk/cold', destination: '/spaces/cold' },
    });
  });

  test('is refused where nothing is mounted, as it would be lost with the container', () => {
    const { code, message, hint } = failure(() => resolve({ cold: '/cold' }, compose(cold)));
    expect(code).toBe('SERVICE_CONFLICT');
    expect(message).toContain('lost with the container');
    expect(hint).toContain('/spaces (cold)');
  });

  test('is refused on an anonymous volume, a tmpfs, and around another mount', () => {
    const anonymous = { ...cold, alias: null };
    expect(failure(() => resolve({ cold: '/spaces' }, compose(anonymous))).code).toBe('SERVICE_CONFLICT');
    const memory: ServiceMount = { kind: 'other', source: 'tmpfs', alias: null, destination: '/spaces' };
    expect(failure(() => resolve({ cold: '/spaces' }, compose(memory))).message).toContain('tmpfs');
    const nested = volume('inner', '/spaces/cold/inner');
    expect(failure(() => resolve({ cold: '/spaces/cold' }, compose(cold, nested))).message).toContain(
      'holds /spaces/cold/inner',
    );
  });

  test('may lie beside PGDATA on the data volume, but not when a new volume replaces that one', () => {
    const service = {
      ...compose(),
      pgdata: '/var/lib/postgresql/18/docker',
      mounts: [volume('pgdata', '/var/lib/postgresql')],
    };
    expect(resolve({ cold: '/var/lib/postgresql/cold' }, service)[0]?.place?.target).toMatchObject({
      volume: 'shop_pgdata',
      subpath: 'cold',
    });
    const target = { kind: 'new-volume', name: 'next', present: null } as const;
    const { code, message } = failure(() =>
      resolve({ cold: '/var/lib/postgresql/cold' }, service, { target }),
    );
    expect(code).toBe('SERVICE_CONFLICT');
    expect(message).toContain('-V next');
    const both = { ...service, mounts: [...service.mounts, cold] };
    expect(resolve({ cold: '/spaces/cold' }, both, { target })[0]?.place?.target).toMatchObject({
      volume: 'shop_cold',
    });
  });
});
